"""A container that counts aloud, and what has to be true of it whatever happens to the engine."""

import re
import time
from dataclasses import dataclass

from tests.support.engine import Engine

COUNTING = "trap 'echo ending; exit 5' TERM; i=0; while :; do echo line $i; i=$((i+1)); sleep 0.05; done"
CODE = 5


@dataclass(slots=True)
class Witness:
    """Prints numbered lines until it is asked to end; its exit code is CODE then."""

    engine: Engine
    name: str
    pid: int

    @classmethod
    def start(cls, engine: Engine, name: str, *options: str) -> "Witness":
        engine.docker("run", "-d", "--name", name, *options, "busybox", "sh", "-c", COUNTING)
        return cls(engine, name, int(engine.docker("inspect", "-f", "{{.State.Pid}}", name).out))

    def check(self) -> None:
        """It is the process it was, is listed, takes an exec, and its log goes on without a gap."""
        shown = self.engine.docker("inspect", "-f", "{{.State.Status}} {{.State.Pid}}", self.name).out
        assert shown.split() == ["running", str(self.pid)]
        assert self.engine.docker("exec", self.name, "echo", "inside").out == "inside\n"
        before = self.lines()
        deadline = time.monotonic() + 5
        while (now := self.lines()) <= before:
            assert time.monotonic() < deadline, f"the log stands still at {now}"

    def lines(self) -> int:
        """Return how many lines the log has, which are all that were printed, each once."""
        numbers = [int(each) for each in re.findall(r"line (\d+)\n", self.engine.docker("logs", self.name).out)]
        assert numbers == list(range(len(numbers)))
        return len(numbers)

    def stop(self) -> None:
        """It ends when asked, with its own code and its last word."""
        self.engine.docker("stop", "-t", "10", self.name)
        assert self.engine.docker("inspect", "-f", "{{.State.ExitCode}}", self.name).out == f"{CODE}\n"
        assert self.engine.docker("logs", self.name).out.endswith("\nending\n")
