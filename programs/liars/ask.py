"""Runs checks in one container, by the docker CLI."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from programs.box import IMAGE
from programs.liars.check import NONSENSE, Check, Said, Verdict, judge, key_of

PROGRAMS = (".exe", ".com")
PLACES = ("", "command/", "system32/", "system32/wbem/", "syswow64/", "syswow64/wbem/")
"""Where Windows' own programs are, below C:\\Windows."""


@dataclass(slots=True)
class Asked:
    """A running container whose programs are asked; its C:\\t is shared with this machine."""

    docker: Sequence[str]
    environment: Mapping[str, str]
    name: str
    shared: Path
    timeout_s: float = 30
    _count: int = field(default=0)

    def run(self, script: str) -> Said:
        """Run a batch file in an empty directory of its own."""
        self._count += 1
        here = f"C:\\w\\{self._count}"
        lines = ("@echo off", "set DIRCMD=", *script.split("\n"), "")
        (self.shared / "run.cmd").write_bytes("\r\n".join(lines).encode())
        argv = (*self.docker, "exec", self.name, "cmd", "/c", f"md {here} & cd /d {here} & C:\\t\\run.cmd")
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=dict(self.environment)
        )
        try:
            out, _ = process.communicate(timeout=self.timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()  # the CLI ignores a polite end
            out, _ = process.communicate()
            return Said(None, out.decode(errors="replace"))
        return Said(process.returncode, out.decode(errors="replace"))

    def programs(self) -> set[str]:
        """Return every program of the base, as a path below C:\\Windows."""
        found = set()
        for place in PLACES:
            said = self.run(f"dir /b /a-d C:\\Windows\\{place.replace('/', chr(92))} 2>nul")
            found |= {place + name.lower() for name in said.text.split() if name.lower().endswith(PROGRAMS)}
        return found

    def verdict(self, program: str, check: Check) -> tuple[Verdict, str]:
        """Ask one program."""
        if not check.runs:
            return judge(check, Said(0, ""), Said(0, ""))
        path = "C:\\Windows\\" + program.replace("/", "\\")
        nonsense = Said(1, "") if check.as_windows else self.run(NONSENSE.replace("{x}", path))
        return judge(check, self.run(check.script.replace("{x}", path)), nonsense)


@contextmanager
def asked(docker: Sequence[str], environment: Mapping[str, str], shared: Path) -> Iterator[Asked]:
    """Run a container of the base for the block."""
    name = f"liars-{os.getpid()}"
    options = ("run", "-di", "--name", name, "--network", "none", "-v", f"{shared}:C:\\t", IMAGE, "cmd")
    subprocess.run((*docker, *options), check=True, capture_output=True, env=dict(environment), timeout=120)
    try:
        yield Asked(docker, environment, name, shared)
    finally:
        subprocess.run((*docker, "rm", "-f", name), check=False, capture_output=True, env=dict(environment), timeout=60)


def key(program: str) -> str:
    """See key_of; what is directly in C:\\Windows or in command\\ is known by its name alone."""
    return key_of(program).removeprefix("command/")
