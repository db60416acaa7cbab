"""The container's record: what the store holds. Frozen; a change returns a new one."""

from datetime import datetime

import msgspec

from transom.containers.lifecycle import Status
from transom.model.ids import ContainerId
from transom.wire.containers import Config, EndpointSettings, HostConfig


class MountRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A mount as decided at create: nothing of it is guessed again at start."""

    type: str
    source: str
    """Host path; empty for tmpfs."""
    target: str
    name: str = ""
    """Volume name; empty for binds and tmpfs."""
    driver: str = ""
    mode: str = ""
    readonly: bool = False
    propagation: str = ""
    anonymous: bool = False
    size_bytes: int = 0
    options: tuple[str, ...] = ()


class HealthState(msgspec.Struct, frozen=True, kw_only=True):
    """The last results of the health check, newest last."""

    status: str = "starting"
    failing_streak: int = 0
    log: tuple[dict[str, str | int], ...] = ()


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """One container.

    driver: name of the exec driver, chosen at create. base: digest of the Windows base it is pinned to.
    endpoints: network name → what it asked for and, while it runs, what it has.
    """

    id: ContainerId
    name: str
    created_at: datetime
    image_id: str
    image_ref: str
    os: str
    architecture: str
    driver: str
    config: Config
    host_config: HostConfig
    snapshot_parent: str = ""
    os_version: str = ""
    base: str = ""
    mounts: tuple[MountRecord, ...] = ()
    endpoints: dict[str, EndpointSettings] = {}
    ports: dict[str, list[dict[str, str]]] = {}
    args: tuple[str, ...] = ()
    command_line: str = ""
    status: Status = Status.CREATED
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    restart_count: int = 0
    stopped_by_hand: bool = False
    restarting: bool = False
    health: HealthState | None = None
    removing_volumes: bool = False
    build: str = ""
    """ID of the build that made it as an intermediate container; swept at boot."""

    @property
    def is_running(self) -> bool:
        """Whether its program lives (paused counts)."""
        return self.status in {Status.RUNNING, Status.PAUSED}

    @property
    def durable(self) -> bool:
        """Whether its record was promised to outlive a power loss (DESIGN, decision 15)."""
        return not (self.host_config.auto_remove or self.build)

    def changed(self, **changes: object) -> "Container":
        """Return a copy with changes."""
        return msgspec.structs.replace(self, **changes)
