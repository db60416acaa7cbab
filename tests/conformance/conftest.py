"""Black-box tests that hold for Docker as well: they run on an engine of their own, or on CONFORMANCE_HOST.

CONFORMANCE_HOST=unix:///run/docker.sock pytest tests/conformance      asks Docker itself
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import docker
import pytest
from tests.support.engine import Done, Engine, docker_cli, docker_environment
from tests.support.images import busybox_archive

HOST = os.environ.get("CONFORMANCE_HOST", "")


@dataclass(slots=True)
class Door:
    """An engine's socket, and what a test left behind it. engine: ours, None for somebody else's."""

    host: str
    engine: Engine | None
    _clients: list[docker.DockerClient] = field(default_factory=list)

    @property
    def is_ours(self) -> bool:
        return self.engine is not None

    def argv(self, *arguments: str) -> list[str]:
        return [docker_cli(), "-H", self.host, *arguments]

    def __call__(self, *arguments: str, stdin: bytes = b"", timeout_s: float = 60) -> Done:
        """Run a docker command; any exit code will do."""
        done = subprocess.run(
            self.argv(*arguments),
            input=stdin,
            capture_output=True,
            check=False,
            timeout=timeout_s,
            env=docker_environment(),
        )
        return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def ok(self, *arguments: str, stdin: bytes = b"", timeout_s: float = 60) -> str:
        """Run a docker command that has to work; return what it printed."""
        done = self(*arguments, stdin=stdin, timeout_s=timeout_s)
        assert done.code == 0, f"docker {' '.join(arguments)}: {done.code}: {done.err}"
        return done.out

    def client(self) -> docker.DockerClient:
        made = docker.DockerClient(base_url=self.host)
        self._clients.append(made)
        return made

    def clean(self) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._remove(("ps", "-aq"), ("rm", "-f", "-v"))
        self._remove(("volume", "ls", "-q"), ("volume", "rm"))

    def _remove(self, find: Sequence[str], remove: Sequence[str]) -> None:
        if found := self(*find).out.split():
            self(*remove, *found)


@pytest.fixture(scope="session")
def shared_door() -> Iterator[Door]:
    directory = Path(tempfile.mkdtemp(prefix="tt-"))
    try:
        archive = directory / "busybox.tar"
        busybox_archive(archive, "busybox:latest")
        if HOST:
            door = Door(HOST, None)
            door.ok("load", "-i", str(archive))
            yield door
        else:
            with Engine(directory) as engine:
                door = Door(f"unix://{engine.socket}", engine)
                door.ok("load", "-i", str(archive))
                yield door
    finally:
        shutil.rmtree(directory)


@pytest.fixture
def docker_(shared_door: Door) -> Iterator[Door]:
    """An engine without containers and volumes, before and after the test."""
    yield shared_door
    shared_door.clean()
