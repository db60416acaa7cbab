"""crun or runc as a program: where it keeps its state, and how it is called."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from transom.errors import TransomError
from transom.host.run import Completed, run


@dataclass(frozen=True, slots=True)
class Runtime:
    """One runtime; env is all that it sees of the engine's environment.

    readonly: program once more, on a mount that nobody can write to; empty if there is none. Started from elsewhere,
    crun and runc first make a copy or such a mount of themselves, so that no container can change them, and start
    again: half of the time of a call.
    """

    program: str
    root: Path
    env: dict[str, str]
    readonly: str = ""

    @property
    def command(self) -> str:
        """What to execute: readonly, as long as it is what the host has."""
        try:
            if self.readonly and os.path.samefile(self.program, self.readonly):
                return self.readonly
        except OSError:
            pass  # it is being upgraded, or is gone
        return self.program

    @property
    def is_crun(self) -> bool:
        """Whether crun's own ways may be used."""
        return os.path.basename(self.program) == "crun"

    async def maps_users(self) -> bool:
        """Tell whether a container with users of its own can have a network namespace that was made outside.

        runc before 1.3 cannot run further programs in such a container.
        Source: runc, pull request 4492, "nsenter: implement a two-stage join for setns".
        """
        if self.is_crun:
            return True
        done = await self.call("--version")
        version = re.match(rb"runc version (\d+)\.(\d+)", done.stdout)
        return version is not None and (int(version[1]), int(version[2])) >= (1, 3)

    @property
    def args(self) -> tuple[str, ...]:
        """What comes before the sub-command."""
        return ("--root", str(self.root))

    async def call(self, *words: str, stdin: bytes | None = None, timeout_s: float = 60) -> Completed:
        """Run a sub-command to its end, whatever its exit code."""
        return await run([self.command, *self.args, *words], stdin=stdin, env=self.env, timeout_s=timeout_s)

    async def act(self, verb: str, container_id: str) -> None:
        """Do verb to a container.

        Raises:
            TransomError: the runtime refuses; the text is its own.
        """
        done = await self.call(verb, container_id)
        if done.code != 0:
            text = done.stderr.decode(errors="replace").strip()
            raise TransomError(f"Cannot {verb} container {container_id}: {text}")
