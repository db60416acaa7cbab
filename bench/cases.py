"""What is measured, as functions from the targets to samples or figures."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.support.engine import PROGRAMS, base_archive
from tests.support.windows import probe

from bench import memory
from bench.measure import CommandFailed, Job, Sample, interleave, run
from bench.targets import Target

LINUX = "busybox"
WINDOWS = "mcr.microsoft.com/windows/nanoserver:ltsc2022"
PREFIX = "transom-bench"
C_IMAGE = f"{PREFIX}-c"
C_PROGRAM = (C_IMAGE, "probe", "exit", "0")
"""A C program that ends at once, in the place of busybox' `true`."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that is no time."""

    name: str
    target: str
    value: float
    unit: str


def prepare(target: Target, archive: Path) -> None:
    """Remove what an earlier run left, load the Linux image and the Windows base, and run each kind once."""
    clean(target)
    target("load", stdin=archive.read_bytes())
    target("run", "--rm", LINUX, "true")
    if target.runs_windows:
        # The engine's network is its own, without a way out to a mirror.
        environment = f"DOCKER_HOST=unix://{target.socket}"
        run(("env", environment, str(PROGRAMS / "transom"), "base", "import", "-q", str(base_archive())))
        target("build", "-q", "-t", C_IMAGE, "-", stdin=c_context())
        target("run", "--rm", *C_PROGRAM)
        target("run", "--rm", WINDOWS, "cmd", "/c", "ver")


def c_context() -> bytes:
    """Return a build context, as a tar, for the image of the C program."""
    context = io.BytesIO()
    files = {
        "Dockerfile": f"FROM {WINDOWS}\nCOPY probe.exe C:/Windows/System32/\n".encode(),
        "probe.exe": probe(),
    }
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return context.getvalue()


def clean(target: Target) -> None:
    """Remove every container of the benchmark."""
    found = target("ps", "-aq", "--filter", f"name={PREFIX}").split()
    if found:
        target("rm", "-f", *found)


def start_latency(targets: Sequence[Target], *, runs: int, progress: Progress) -> list[Sample]:
    """`docker run --rm` from the first byte of the client to its end."""
    jobs = []
    for target in targets:
        jobs += [
            Job("run-bridge", target.name, partial(target, "run", "--rm", LINUX, "true")),
            Job("run-none", target.name, partial(target, "run", "--rm", "--network", "none", LINUX, "true")),
        ]
        if target.runs_windows:
            jobs += [
                Job("c-bridge", target.name, partial(target, "run", "--rm", *C_PROGRAM)),
                Job("c-none", target.name, partial(target, "run", "--rm", "--network", "none", *C_PROGRAM)),
                Job("ver-bridge", target.name, partial(target, "run", "--rm", WINDOWS, "cmd", "/c", "ver")),
                Job(
                    "ver-none",
                    target.name,
                    partial(target, "run", "--rm", "--network", "none", WINDOWS, "cmd", "/c", "ver"),
                ),
            ]
    return interleave(jobs, runs=runs, progress=progress)


def burst_latency(targets: Sequence[Target], *, count: int, runs: int, progress: Progress) -> list[Sample]:
    """count `docker run --rm` begun at once, until the last has ended; ten of Windows beside one."""

    def burst(target: Target, count: int, *program: str) -> None:
        argv = (*target.client, "run", "--rm", "--network", "none", *program)
        children = [
            subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for _ in range(count)
        ]
        failed = [said for child in children if (said := child.communicate()[1]) and child.returncode]
        if failed:
            raise CommandFailed(f"{target.name}: {len(failed)} of {count}: {failed[0].decode(errors='replace')}")

    jobs = [
        Job(f"run-{count}-at-once", target.name, partial(burst, target, count, LINUX, "true")) for target in targets
    ]
    for target in targets:
        if target.runs_windows:
            jobs += [Job(f"c-{n}-at-once", target.name, partial(burst, target, n, *C_PROGRAM)) for n in (1, 10)]
    return interleave(jobs, runs=runs, warm_ups=1, progress=progress)


def exec_latency(targets: Sequence[Target], *, runs: int, progress: Progress) -> list[Sample]:
    """`docker exec` in a container that runs."""
    jobs = []
    for target in targets:
        idle = f"{PREFIX}-exec"
        target("run", "-d", "--name", idle, LINUX, "sleep", "1000000")
        jobs.append(Job("exec", target.name, partial(target, "exec", idle, "true")))
        if target.runs_windows:
            windows = f"{PREFIX}-exec-windows"
            start_idle_windows(target, windows)
            jobs.append(Job("exec-c", target.name, partial(target, "exec", windows, *C_PROGRAM[1:])))
            jobs.append(Job("exec-ver", target.name, partial(target, "exec", windows, "cmd", "/c", "ver")))
    try:
        return interleave(jobs, runs=runs, progress=progress)
    finally:
        for target in targets:
            clean(target)


def start_idle_windows(target: Target, name: str) -> None:
    """Run a Windows container that waits for input for ever."""
    target("run", "-d", "-i", "--name", name, C_IMAGE, "cmd", "/q", timeout_s=600)


def list_latency(targets: Sequence[Target], *, count: int, runs: int, progress: Progress) -> list[Sample]:
    """`docker ps -a` with count containers."""
    able = [target for target in targets if target.socket is not None]
    samples = interleave([Job("ps-0", t.name, partial(t, "ps", "-a")) for t in able], runs=runs, progress=progress)
    for target in able:
        for number in range(count):
            progress(f"{target.name}: container {number + 1} of {count}")
            target("create", "--name", f"{PREFIX}-ps-{number}", LINUX, "true")
    try:
        jobs = [Job(f"ps-{count}", t.name, partial(t, "ps", "-a")) for t in able]
        return samples + interleave(jobs, runs=runs, progress=progress)
    finally:
        for target in able:
            progress(f"{target.name}: removing them")
            clean(target)


def build_latency(targets: Sequence[Target], *, runs: int, progress: Progress) -> list[Sample]:
    """A classic build of twenty RUN steps, without cache."""
    with tempfile.TemporaryDirectory(prefix="transom-bench-") as directory:
        steps = "".join(f"RUN echo {number} > /file-{number}\n" for number in range(20))
        Path(directory, "Dockerfile").write_text(f"FROM {LINUX}\n{steps}")
        # The context goes by standard input, so that an engine in a root of its own can read it.
        dockerfile = Path(directory, "Dockerfile").read_bytes()
        jobs = [
            Job(
                "build-20-run",
                target.name,
                partial(target, "build", "-q", "--no-cache", "-t", f"{PREFIX}-build", "-", stdin=dockerfile),
                partial(target, "rmi", f"{PREFIX}-build"),
            )
            for target in targets
        ]
        return interleave(jobs, runs=runs, warm_ups=1, progress=progress)


def engine_figures(targets: Sequence[Target], when: str) -> list[Figure]:
    """Memory of the engines' own processes: `rest` when they have just started, `worked` after their work."""
    figures = []
    for target in targets:
        if pids := engine(target, set()):
            figures += [
                Figure(f"engine-{when}-rss", target.name, memory.rss_kb(pids) / 1024, "MB"),
                Figure(f"engine-{when}-pss", target.name, memory.pss_kb(pids) / 1024, "MB"),
            ]
    return figures


def memory_figures(targets: Sequence[Target], *, count: int, progress: Progress) -> list[Figure]:
    """Memory of what each idle container adds to the engine, and of the containers themselves."""
    figures = []
    for target in targets:
        progress(f"memory of {target.name}")
        figures += idle_figures(
            target, "linux", count, lambda t, c: t("run", "-d", "--name", c, LINUX, "sleep", "1000000")
        )
        if target.runs_windows:
            figures += idle_figures(target, "windows", count, start_idle_windows)
            figures.append(Figure("base-compressed", target.name, base_archive().stat().st_size / 1e6, "MB"))
    return figures


def engine(target: Target, containers: set[int]) -> set[int]:
    """Return the engine's own processes: what it started, without its containers and their monitors."""
    return memory.descendants(target.engine_pid) - containers if target.engine_pid and target.socket else set()


def idle_figures(target: Target, kind: str, count: int, start: Callable[[Target, str], object]) -> list[Figure]:
    """Measure count idle containers of one kind: all that each consists of, and of that the engine's share."""
    before = memory.rss_kb(engine(target, set()))
    names = [f"{PREFIX}-idle-{kind}-{number}" for number in range(count)]
    try:
        for name in names:
            start(target, name)
        inside: set[int] = set()
        monitors: set[int] = set()
        for name in names:
            pid = target.main_pid(name)
            inside |= memory.container(pid)
            monitors |= memory.monitor(pid)
        grown = memory.rss_kb(engine(target, inside | monitors)) - before
        return [
            Figure(f"idle-{kind}-pss", target.name, (memory.pss_kb(inside | monitors)) / 1024 / count, "MB"),
            Figure(f"idle-{kind}-monitor-pss", target.name, memory.pss_kb(monitors) / 1024 / count, "MB"),
            Figure(f"idle-{kind}-engine-growth", target.name, grown / 1024 / count, "MB"),
        ]
    except CommandFailed as exc:
        raise CommandFailed(f"{target.name}, idle {kind} containers: {exc}") from exc
    finally:
        clean(target)
