"""Where a program runs: a Windows container of the engine through the docker CLI, behind what plain Wine can do too."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

IMAGE = "mcr.microsoft.com/windows/servercore:ltsc2022"
DRIVE = "C:\\p"
WORK = "C:\\work"
"""Where a program sees its case's files."""


class Failed(Exception):
    """A program did not do what its documentation says; the text is for the table."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program left."""

    out: str
    err: str
    code: int

    def describe(self) -> str:
        """Return its end in one line."""
        said = " ".join((self.err.strip() or self.out.strip()).split())
        return f"exit code {self.code}" + (f": {said[-300:]}" if said else "")


@dataclass(frozen=True, slots=True)
class Server:
    """A program that listens."""

    address: str
    """As this machine reaches it, host:port."""
    box: "Box"
    name: str

    def get(self, path: str = "/", *, timeout_s: float = 30) -> str:
        """Return the body of an answer over HTTP; ask again until the server listens."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                with opener.open(f"http://{self.address}{path}", timeout=10) as answer:
                    text: bytes = answer.read()
                return text.decode(errors="replace")
            except (OSError, urllib.error.URLError) as exc:
                if time.monotonic() > deadline or not self.box.is_alive(self.name):
                    raise Failed(f"no answer: {exc}; it said {self.log()[-300:]!r}") from exc
                time.sleep(0.1)

    def wait_for(self, text: str, *, timeout_s: float = 60) -> None:
        """Wait until the server has said text."""
        deadline = time.monotonic() + timeout_s
        while text not in self.log():
            if time.monotonic() > deadline or not self.box.is_alive(self.name):
                raise Failed(f"it did not say {text!r}, but {self.log()[-400:]!r}")
            time.sleep(0.1)

    def log(self) -> str:
        """Return what it has written so far."""
        return self.box.log_of(self.name)


class Box(Protocol):
    """A Windows to run programs in: their packages are at C:\\p\\<name>, their files at C:\\work."""

    work: Path
    """C:\\work, as this machine sees it."""

    def run(
        self,
        *argv: str,
        stdin: bytes = b"",
        env: Mapping[str, str] = {},
        user: str = "",
        timeout_s: float = 60,
        code: int | None = 0,
    ) -> Ran:
        """Run a program to its end in C:\\work.

        Raises:
            Failed: it ended with another exit code than code (None for any), or not in time.
        """

    def serve(
        self, *argv: str, port: int, env: Mapping[str, str] = {}, user: str = ""
    ) -> AbstractContextManager[Server]:
        """Run a program that listens on a port until the block ends."""

    def is_alive(self, name: str) -> bool:
        """Say whether a server still runs."""

    def log_of(self, name: str) -> str:
        """Return what a server has written so far."""


@dataclass(slots=True)
class Container:
    """Implements Box with `docker run`."""

    docker: Sequence[str]
    """The docker CLI with the options that make it find the engine."""
    image: str
    packages: Mapping[str, Path]
    """Name in C:\\p → directory; mounted read-only."""
    work: Path
    environment: Mapping[str, str]
    _count: int = field(default=0)

    def _options(self, env: Mapping[str, str], user: str) -> list[str]:
        mounts = [f"{path}:{DRIVE}\\{name}:ro" for name, path in self.packages.items()]
        options = ["-h", "winhost", "-w", WORK, "-v", f"{self.work}:{WORK}"]
        options += [word for mount in mounts for word in ("-v", mount)]
        options += [word for name, value in env.items() for word in ("-e", f"{name}={value}")]
        return options + (["--user", user] if user else [])

    def _docker(self, *arguments: str, stdin: bytes = b"", timeout_s: float = 60) -> Ran:
        process = subprocess.Popen(
            (*self.docker, *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
        )
        try:
            out, err = process.communicate(stdin, timeout_s)
        except subprocess.TimeoutExpired as exc:
            process.kill()  # the CLI ignores a polite end
            out, err = process.communicate()
            said = " ".join((out + err).decode(errors="replace").split())
            raise Failed(f"no end after {timeout_s:.0f} s; it said {said[-300:]!r}") from exc
        return Ran(out.decode(errors="replace"), err.decode(errors="replace"), process.returncode)

    def _name(self) -> str:
        self._count += 1
        return f"program-{self.work.name}-{self._count}"

    def run(
        self,
        *argv: str,
        stdin: bytes = b"",
        env: Mapping[str, str] = {},
        user: str = "",
        timeout_s: float = 60,
        code: int | None = 0,
    ) -> Ran:
        """See Box. The exit code is the program's own, all 32 bits of it."""
        name = self._name()
        try:
            ran = self._docker(
                "run", "-i", "--name", name, *self._options(env, user), self.image, *argv,
                stdin=stdin, timeout_s=timeout_s,
            )  # fmt: skip
            whole = self._docker("inspect", "-f", "{{.State.ExitCode}}", name)
        finally:
            self._docker("rm", "-f", name)
        if whole.code == 0 and ran.code not in (125, 126, 127):
            ran = Ran(ran.out, ran.err, int(whole.out))
        if code is not None and ran.code != code:
            raise Failed(f"{argv[0].rpartition(chr(92))[2]}: {ran.describe()}")
        return ran

    @contextmanager
    def serve(self, *argv: str, port: int, env: Mapping[str, str] = {}, user: str = "") -> Iterator[Server]:
        """See Box. The port is published on a free one of this machine's."""
        name = self._name()
        options = ["-d", "--name", name, "-p", f"127.0.0.1::{port}", *self._options(env, user)]
        try:
            started = self._docker("run", *options, self.image, *argv)
            if started.code:
                raise Failed(started.describe())
            yield Server(self._docker("port", name, f"{port}/tcp").out.split()[0], self, name)
        finally:
            self._docker("rm", "-f", name)

    def is_alive(self, name: str) -> bool:
        """See Box."""
        return self._docker("inspect", "-f", "{{.State.Running}}", name).out.strip() == "true"

    def log_of(self, name: str) -> str:
        """See Box."""
        ran = self._docker("logs", name)
        return ran.out + ran.err
