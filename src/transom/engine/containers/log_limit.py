"""`max-size` and `max-file` of the log, kept while the container prints."""

from collections.abc import Awaitable, Callable

from transom.containers.container import Container
from transom.execution.driver import ExecDriver, SupportsLogReopen
from transom.logs.options import rotation_of
from transom.logs.store import LogStore


def log_limit(container: Container, driver: ExecDriver, logs: LogStore) -> Callable[[], Awaitable[None]] | None:
    """Return what is to be done after each piece of output, None if the log has no limit."""
    rotation = rotation_of(container.host_config.log_config)
    if rotation is None or not isinstance(driver, SupportsLogReopen):
        return None
    reopening: SupportsLogReopen = driver
    resume = True

    async def after_output() -> None:
        nonlocal resume
        first, resume = resume, False
        if await logs.rotate(container.id, rotation, resume=first):
            await reopening.reopen_log(container.id)

    return after_output
