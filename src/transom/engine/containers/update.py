"""POST /containers/{id}/update."""

from dataclasses import dataclass

from transom.containers.config import check
from transom.containers.lifecycle import Status
from transom.containers.restart import check_policy
from transom.containers.spec import resources
from transom.containers.update import LIMITS, updated
from transom.engine.containers.run_state import RunState
from transom.errors import Conflict, InvalidParameter, NotSupported
from transom.execution.driver import SupportsUpdate
from transom.guest import guest_for
from transom.wire.containers import HostConfig


@dataclass(frozen=True, slots=True)
class UpdateContainer:
    """Changes limits, in force at once where the container runs, and the restart policy."""

    state: RunState

    async def __call__(self, ref: str, asked: HostConfig) -> list[str]:
        """Update; return warnings.

        Raises:
            InvalidParameter: something does not fit, or the kernel refuses it; nothing is changed then.
            Conflict: the container is being removed. NotSupported: its driver cannot change a running one.
        """
        container_id = self.state.containers.get(ref).id
        async with self.state.locks(container_id):
            before = self.state.containers.get(container_id)
            if before.status in {Status.REMOVING, Status.DEAD}:
                raise Conflict(
                    f"Cannot update container {before.id}: Container is marked for removal and cannot be updated."
                )
            try:
                host = updated(before.host_config, asked)
            except InvalidParameter as exc:
                raise InvalidParameter(f"Cannot update container {before.id}: {exc}") from None
            check_policy(host.restart_policy, auto_remove=host.auto_remove)
            warnings = check(before.config, host, guest_for(before.os))
            if before.is_running and any(getattr(asked, name) for name in LIMITS):
                driver = self.state.driver(before)
                if not isinstance(driver, SupportsUpdate):
                    raise NotSupported(f"the driver {driver.name} cannot change limits while a container runs: stop it")
                await driver.update(before.id, resources(host))
            changed = before.changed(host_config=host)
            await self.state.containers.save(changed)
        self.state.announce("update", changed)
        return warnings
