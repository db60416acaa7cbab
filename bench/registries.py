"""Pull and push of large images: one content for all, served by a registry process in each engine's own network."""

import contextlib
import json
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.support.images import Made, directory, file, layer, make
from tests.support.registry import docker_registry, local_registry, publish

from bench.cases import PREFIX, Figure, Progress
from bench.measure import CommandFailed, Job, Sample, interleave, run
from bench.targets import CACHE, Target

PULL_PORT, PUSH_PORT = 5951, 5952
CONTENT = CACHE / "bench" / "registry-1"
"""The number changes with what is made."""


def many_files() -> Made:
    """Return an image of 20,000 files, 400 MB, in a tree of 100 directories."""
    data = _Data()
    sizes = [min(2 << 20, 100 + int(data.random.expovariate(1 / 20_000))) for _ in range(20_000)]
    files = [
        each
        for number, size in enumerate(sizes)
        for each in (
            *([directory(f"usr/lib/d{number // 200:03}")] if number % 200 == 0 else []),
            file(f"usr/lib/d{number // 200:03}/file-{number}.bin", data.take(size)),
        )
    ]
    return make(layer(directory("usr"), directory("usr/lib"), *files), config={"Cmd": ["x"]})


def few_files() -> Made:
    """Return an image of 72 files, 500 MB, in three layers."""
    data = _Data()
    layers = [
        layer(directory("opt"), *(file(f"opt/big-{part}-{number}.bin", data.take(7 << 20)) for number in range(24)))
        for part in range(3)
    ]
    return make(*layers, config={"Cmd": ["x"]})


class _Data:
    """The same bytes each time, two thirds of which compress well, as in programs."""

    def __init__(self) -> None:
        self.random = random.Random(7)
        words = [bytes(self.random.choices(b"abcdefghijklmnop qrstuvwxyz\n", k=24)) for _ in range(4000)]
        self._text = b"".join(self.random.choices(words, k=400_000))
        self._noise = self.random.randbytes(8 << 20)

    def take(self, size: int) -> bytes:
        noise = size // 3
        text = size - noise
        at, there = self.random.randrange(len(self._noise) - noise), self.random.randrange(len(self._text) - text)
        return self._noise[at : at + noise] + self._text[there : there + text]


IMAGES: dict[str, Callable[[], Made]] = {"many": many_files, "few": few_files}


def content(progress: Progress) -> Path:
    """Return a registry's directory that holds the images, made on first use."""
    if not (CONTENT / "whole").exists():
        shutil.rmtree(CONTENT, ignore_errors=True)
        with local_registry(CONTENT) as registry:
            for name, image in IMAGES.items():
                progress(f"making the image of {name} files")
                publish(registry, f"bench/{name}", "1", image())
        (CONTENT / "whole").touch()
    return CONTENT / "data"


class Server:
    """A registry over storage on a port of the network that target's engine is in."""

    def __init__(self, target: Target, storage: Path, port: int, work: Path) -> None:
        self.storage = storage
        config = work / f"registry-{target.name}-{port}.json"
        config.write_text(
            json.dumps(
                {
                    "version": 0.1,
                    "log": {"level": "info", "accesslog": {"disabled": True}},
                    "storage": {"filesystem": {"rootdirectory": str(storage)}},
                    "http": {"addr": f"127.0.0.1:{port}", "secret": "a-secret"},
                }
            )
        )
        enter = ("nsenter", "-t", str(target.engine_pid), "-n") if target.engine_pid else ()
        self._argv = (*enter, docker_registry(), "serve", str(config))
        self._log = work / f"registry-{target.name}-{port}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._argv, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while b"listening on" not in self._log.read_bytes():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CommandFailed(f"{' '.join(self._argv)}: {self._log.read_text()[-500:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def empty(self) -> None:
        """Begin anew, with nothing stored."""
        self.stop()
        shutil.rmtree(self.storage, ignore_errors=True)
        self.start()


def latency(
    targets: Sequence[Target], work: Path, *, runs: int, progress: Progress
) -> tuple[list[Sample], list[Figure]]:
    """`docker pull` and `docker push` of an image of many files and one of few; skopeo copies for comparison."""
    stored = content(progress)
    with ExitStack() as stack:
        jobs: list[Job] = []
        for target in targets:
            forget(target)
            server = Server(target, stored, PULL_PORT, work)
            stack.callback(server.stop)
            server.start()
            jobs += [_pull(target, name) for name in IMAGES]
        if shutil.which("skopeo"):
            jobs += [_copy(targets[0], name, work) for name in IMAGES]
        samples = interleave(jobs, runs=runs, warm_ups=1 if runs > 2 else 0, progress=progress)
        figures = [Figure("engine-pull-peak", t.name, _peak_mb(t.engine_pid), "MB") for t in targets if t.socket]
        jobs = []
        for target in targets:
            server = Server(target, work / f"pushed-{target.name}", PUSH_PORT, work)
            stack.callback(server.stop)
            server.start()
            for name in IMAGES:
                target("pull", *insecure(target), "-q", image_name(name, PULL_PORT))
                target("tag", image_name(name, PULL_PORT), image_name(name, PUSH_PORT))
                jobs.append(_push(target, name, server))
            if target is targets[0] and shutil.which("skopeo"):
                jobs += [_send(target, name, server, work) for name in IMAGES]
        samples += interleave(jobs, runs=runs, warm_ups=1 if runs > 2 else 0, progress=progress)
        for target in targets:
            forget(target)
    return samples, figures


def forget(target: Target) -> None:
    """Remove the images, also those of a run that was cut off: what is here already would not be pulled."""
    for name in (image_name(image, port) for image in IMAGES for port in (PULL_PORT, PUSH_PORT)):
        with contextlib.suppress(CommandFailed):
            target("rmi", "-f", name)


def image_name(image: str, port: int) -> str:
    return f"127.0.0.1:{port}/bench/{image}:1"


def insecure(target: Target) -> tuple[str, ...]:
    return ("--tls-verify=false",) if target.name == "podman" else ()


def _pull(target: Target, image: str) -> Job:
    name = image_name(image, PULL_PORT)
    act = partial(target, "pull", *insecure(target), "-q", name)
    return Job(f"pull-{image}", target.name, act, partial(target, "rmi", "-f", name))


def _push(target: Target, image: str, server: Server) -> Job:
    quiet = ("-q",) if target.socket is not None else ()
    act = partial(target, "push", *insecure(target), *quiet, image_name(image, PUSH_PORT))
    return Job(f"push-{image}", target.name, act, server.empty)


def _copy(beside: Target, image: str, work: Path) -> Job:
    """Have skopeo fetch the blobs, and unpack nothing."""
    to = work / f"{PREFIX}-skopeo"
    enter = ("nsenter", "-t", str(beside.engine_pid), "-n")
    argv = (
        *enter,
        "skopeo",
        "copy",
        "-q",
        "--src-tls-verify=false",
        f"docker://{image_name(image, PULL_PORT)}",
        f"dir:{to}",
    )
    return Job(f"pull-{image}", "skopeo", partial(run, argv), partial(shutil.rmtree, to))


def _send(beside: Target, image: str, server: Server, work: Path) -> Job:
    """Have skopeo push what it has fetched."""
    kept = work / f"{PREFIX}-skopeo-{image}"
    skopeo = ("nsenter", "-t", str(beside.engine_pid), "-n", "skopeo", "copy", "-q")
    run((*skopeo, "--src-tls-verify=false", f"docker://{image_name(image, PULL_PORT)}", f"dir:{kept}"))
    target = f"docker://{image_name(image, PUSH_PORT)}"
    act = partial(run, (*skopeo, "--dest-tls-verify=false", f"dir:{kept}", target))
    return Job(f"push-{image}", "skopeo", act, server.empty)


def _peak_mb(pid: int) -> float:
    """Return the most memory that the largest process of an engine has had resident."""
    from bench import memory

    peaks = [0]
    for each in memory.descendants(pid):
        try:
            lines = Path(f"/proc/{each}/status").read_text().splitlines()
        except OSError:
            continue
        peaks += [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return max(peaks) / 1024
