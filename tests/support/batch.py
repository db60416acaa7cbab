"""A Windows container that runs batch files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.engine import Done, Engine

SERVERCORE = "mcr.microsoft.com/windows/servercore:ltsc2022"


@dataclass(frozen=True)
class Box:
    """A running container; a directory of the host's is its C:\\t."""

    engine: Engine
    name: str
    shared: Path

    def run(self, *lines: str) -> Done:
        """Run lines as a batch file in C:\\w; its exit code is that of the last one."""
        script = "\r\n".join(("@echo off", *lines, "exit /b %errorlevel%", ""))
        (self.shared / "run.cmd").write_bytes(script.encode())
        done = self.engine.docker("exec", "-w", "C:\\w", self.name, "cmd", "/c", "C:\\t\\run.cmd", check=False)
        return Done(done.code, done.out.replace("\r\n", "\n"), done.err.replace("\r\n", "\n"))

    def empty(self) -> None:
        """Remove what is in C:\\w."""
        self.run("for /d %%d in (C:\\w\\*) do rd /s /q %%d", "del /q C:\\w\\* 2>nul")


@contextmanager
def batch_box(engine: Engine, shared: Path, *network: str) -> Iterator[Box]:
    """Run the container for the block. network: options that say which, none without."""
    network = network or ("--network", "none")
    engine.ensure_base()
    name = f"{shared.name}-{os.getpid()}"
    options = (*network, "-v", f"{shared}:C:\\t", "-w", "C:\\w")
    engine.docker("run", "-di", "--name", name, *options, SERVERCORE, "cmd")
    try:
        yield Box(engine, name, shared)
    finally:
        engine.docker("rm", "-f", name)
