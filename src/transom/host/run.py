"""Start a program, take its bounded output, always reap it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transom.aio.finish import finish
from transom.errors import TransomError

OUTPUT_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Completed:
    """What a program left: its exit code (negative: signal) and the first MiB of each stream."""

    code: int
    stdout: bytes
    stderr: bytes


class ProgramMissing(TransomError):
    """A program that the host should have is not there."""


async def run(
    argv: Sequence[str],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    timeout_s: float = 60,
) -> Completed:
    """Run argv to its end; on cancel or time-out SIGTERM, a second of grace, SIGKILL, and it is reaped.

    Raises:
        ProgramMissing: argv[0] cannot be started.
        TimeoutError: it took longer than timeout_s.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(env) if env is not None else None,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
    except OSError as exc:
        raise ProgramMissing(f"cannot run {argv[0]}: {os.strerror(exc.errno or 0)}") from exc
    try:
        async with asyncio.timeout(timeout_s):
            stdout, stderr = await process.communicate(stdin)
    except BaseException:
        await finish(_end(process), timeout_s=5)
        raise
    return Completed(process.returncode or 0, stdout[:OUTPUT_LIMIT], stderr[:OUTPUT_LIMIT])


async def _end(process: asyncio.subprocess.Process) -> None:
    for number, grace_s in ((signal.SIGTERM, 1.0), (signal.SIGKILL, 3.0)):
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await process.wait()
            return
