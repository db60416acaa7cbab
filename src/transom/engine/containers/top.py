"""GET /containers/{id}/top."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from transom.engine.containers.run_state import RunState
from transom.errors import Conflict, NotSupported
from transom.execution.driver import SupportsProcesses
from transom.guest import guest_for

DEFAULT_ARGUMENTS = "-ef"


@dataclass(frozen=True, slots=True)
class TopContainer:
    """Lists a container's processes.

    rows: (host pids, titles) → rows. ps: (arguments, host pids) → titles and rows, by the host's program.
    """

    state: RunState
    rows: Callable[[Sequence[int], Sequence[str]], list[list[str]]]
    ps: Callable[[Sequence[str], Sequence[int]], Awaitable[tuple[list[str], list[list[str]]]]]

    async def __call__(self, ref: str, arguments: str = "") -> tuple[list[str], list[list[str]]]:
        """Return titles and rows.

        Raises:
            Conflict: the container does not run. NotSupported: its driver cannot tell.
            InvalidParameter: ps refuses arguments.
        """
        container = self.state.containers.get(ref)
        if not container.is_running:
            raise Conflict(f"container {container.id} is not running")
        driver = self.state.driver(container)
        if not isinstance(driver, SupportsProcesses):
            raise NotSupported(f"the driver {driver.name} cannot list processes")
        pids = await driver.pids(container.id)
        titles, takes_arguments = guest_for(container.os).process_titles, guest_for(container.os).has_ps
        if takes_arguments and arguments not in {"", DEFAULT_ARGUMENTS}:
            found = await self.ps(arguments.split(), pids)
        else:
            found = list(titles), self.rows(pids, titles)
        self.state.announce("top", container)
        return found
