"""An engine as a black box: its own roots, its socket, the real docker CLI; started, stopped, killed, looked over."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from docker import DockerClient
from tests.support.images import busybox_archive

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / ".venv" / "bin"
KEPT = ROOT / ".cache" / "test"
BASES_KEPT = 5  # states of the code that are tried in turn
OFFLINE = (
    "--registry-location", "mcr.microsoft.com=", "--registry-location", "docker.io=", "--base-build", "run",
)  # fmt: skip
"""Registries that the tests' engines never ask, later locations for the same domain count; no base is made unasked."""
WINDOWS = "mcr.microsoft.com/windows/nanoserver:ltsc2022"


@dataclass(frozen=True, slots=True)
class Done:
    """A docker command that has ended."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Engine:
    """One transomd below directory; its data outlives a restart. Use start and close, or `with`.

    registry: `host:port` of a registry that a test runs beside it.
    """

    directory: Path
    data_root: Path | None = None
    options: Sequence[str] = ()
    registry: str = ""
    _process: subprocess.Popen[bytes] | None = None
    _clients: list[DockerClient] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        return self.directory / "t.sock"

    @property
    def log(self) -> Path:
        return self.directory / "transomd.log"

    @property
    def exec_root(self) -> Path:
        return self.directory / "exec"

    @property
    def data(self) -> Path:
        return self.data_root or self.directory / "data"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the engine does not run"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, faults: str = "", path: str = "", timeout_s: float = 30) -> None:
        """Start the engine and wait until it answers; with faults it may end before that, which is no error.

        path: where it finds programs, instead of where the tests do.
        """
        # fmt: off
        argv = (
            str(PROGRAMS / "transomd"), "-H", f"unix://{self.socket}", "--data-root", str(self.data),
            "--exec-root", str(self.exec_root), *OFFLINE, *self.options,
        )
        # fmt: on
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "TRANSOM_"))
        }
        environment["PYTHONFAULTHANDLER"] = "1"  # a crash in C code leaves its Python lines in the log
        if faults:
            environment["TRANSOM_FAULTS"] = faults
        if path:
            environment["PATH"] = path
        with self.log.open("ab") as log:
            # Sessions of their own, as under a service manager: a signal to the tests' group is not for the engine.
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        deadline = time.monotonic() + timeout_s
        while self.docker("version", check=False).code:
            if self._process.poll() is not None:
                assert faults, f"transomd ended with {self._process.returncode}: {self.log_tail()}"
                return
            assert time.monotonic() < deadline, f"transomd does not answer: {self.log_tail()}"
            time.sleep(0.02)

    def stop(self, *, timeout_s: float = 15) -> int:
        """End the engine as a service manager does; return its exit code. Containers run on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout_s)
        self._process = None
        return code

    def kill(self) -> None:
        """End the engine as a crash does."""
        assert self._process is not None
        self._process.kill()
        self.wait_until_dead()

    def wait_until_dead(self, *, timeout_s: float = 30) -> None:
        """Wait for an end that a fault brings about."""
        assert self._process is not None
        self._process.wait(timeout_s)
        self._process = None

    def close(self) -> None:
        """Remove every container, end the engine, and remove its files."""
        for client in self._clients:
            client.close()
        self._clients.clear()
        if not self.is_running:
            self.start()
        if ids := self.docker("ps", "-aq").out.split():
            self.docker("rm", "-f", *ids)
        self.stop()

    def __enter__(self) -> "Engine":
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o711)  # as Windows containers, which run as other users, need it
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def docker(
        self,
        *arguments: str,
        stdin: bytes = b"",
        check: bool = True,
        timeout_s: float = 60,
        env: Mapping[str, str] | None = None,
    ) -> Done:
        """Run the docker CLI against this engine; with check, a code other than 0 fails the test with what it said."""
        done = subprocess.run(
            self.docker_argv(*arguments),
            input=stdin,
            capture_output=True,
            check=False,
            timeout=timeout_s,
            env=docker_environment() | dict(env or {}),
        )
        result = Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        if check:
            assert result.code == 0, f"docker {' '.join(arguments)}: {result.code}: {result.err}\n{self.log_tail()}"
        return result

    def transom(self, *arguments: str, check: bool = True, timeout_s: float = 60) -> Done:
        """Run our own command line against this engine; check as docker's."""
        done = subprocess.run(
            [str(PROGRAMS / "transom"), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
            env=docker_environment() | {"DOCKER_HOST": f"unix://{self.socket}"},
        )
        if check:
            assert done.returncode == 0, f"transom {' '.join(arguments)}: {done.stderr}\n{self.log_tail()}"
        return Done(done.returncode, done.stdout, done.stderr)

    def wait_for_log(self, container: str, wanted: str, *, timeout_s: float = 20) -> None:
        """Wait until the container has printed wanted."""
        deadline = time.monotonic() + timeout_s
        while wanted not in self.docker("logs", container).out:
            assert time.monotonic() < deadline, f"{wanted!r} is not in the log of {container}: {self.log_tail()}"
            time.sleep(0.05)

    def docker_argv(self, *arguments: str) -> list[str]:
        """Return the command line, for a test that runs it by itself (a terminal, a stream); see docker_environment."""
        return [docker_cli(), "-H", f"unix://{self.socket}", *arguments]

    def client(self) -> DockerClient:
        """Return a docker-py client; close closes it."""
        made = DockerClient(base_url=f"unix://{self.socket}")
        self._clients.append(made)
        return made

    def ensure_base(self) -> None:
        """Give the engine the Windows base of the tests."""
        if not self.transom("base", "ls", "-q").out.strip():
            self.transom("base", "import", "-q", str(base_archive()), timeout_s=300)

    def load_busybox(self, name: str = "busybox:latest") -> None:
        """Load the Linux image of the tests."""
        archive = self.directory / "busybox.tar"
        busybox_archive(archive, name)
        self.docker("load", "-i", str(archive))
        archive.unlink()


@cache
def _base_sources() -> str:
    """Return a digest over the code that a base is made by and of."""
    found = hashlib.sha256()
    for folder in ("src/transom/drivers/exec/wine/base", "linux", "windows"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".c", ".h", ".def", ".ld"):
                found.update(path.read_bytes())
    return found.hexdigest()[:16]


def base_archive() -> Path:
    """Return an exported Windows base; it is built once for each state of the code that builds it."""
    archive = KEPT / f"base-{_base_sources()}.tar.zst"
    if not archive.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        for old in sorted(KEPT.glob("base-*"), key=lambda path: path.stat().st_mtime)[:-BASES_KEPT]:
            old.unlink(missing_ok=True)
        directory = Path(tempfile.mkdtemp(prefix="tt-"))
        try:
            with Engine(directory) as builder:
                digest = builder.transom("base", "build", "-q", timeout_s=900).out.strip()
                builder.transom("base", "export", "-o", f"{archive}.new", digest, timeout_s=300)
        finally:
            shutil.rmtree(directory)
        os.replace(f"{archive}.new", archive)
    return archive


@cache
def docker_cli() -> str:
    """Return the docker CLI: the system's, else the one that script/setup took out of its package."""
    found = shutil.which("docker") or str(PROGRAMS / "docker")
    assert Path(found).exists(), "no docker CLI; run script/setup --dev"
    return found


@cache
def docker_release() -> int:
    """Return the major release of the docker CLI."""
    told = subprocess.run([docker_cli(), "--version"], capture_output=True, text=True, check=True).stdout
    return int(told.removeprefix("Docker version ").partition(".")[0])


def docker_environment() -> dict[str, str]:
    """Return an environment in which docker uses the classic builder, no context, and nothing of this user's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}
    return inherited | {"DOCKER_BUILDKIT": "0", "DOCKER_CONFIG": "/nonexistent", "DOCKER_CLI_HINTS": "false"}
