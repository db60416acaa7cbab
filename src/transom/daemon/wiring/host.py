"""What the machine offers, and the drivers that run containers on it."""

import asyncio
import hashlib
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transom.daemon.config import Config
from transom.drivers.exec.oci.driver import OciDriver, OciSettings
from transom.drivers.exec.wine.authorities import check_file
from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.drivers.exec.wine.driver import WineDriver, WineSettings
from transom.drivers.exec.wine.owners import Owners, choose, taken_on_host
from transom.errors import Conflict
from transom.execution.driver import ExecDriver
from transom.host.cgroup import Cgroups, Hierarchy, detect
from transom.host.idmap import IdMaps, closed_to_others
from transom.host.mount import MountError, bind, unmount

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Host:
    """What the machine offers, found once."""

    instance: str
    hierarchy: Hierarchy
    runtimes: Mapping[str, str]
    conmon: str
    init_path: str


def instance_name(config: Config) -> str:
    """Return the name that keeps this engine's cgroups, bridge and tables apart from another's on the host."""
    if str(config.exec_root) == "/run/transom":
        return "transom"
    return "transom-" + hashlib.sha256(str(config.exec_root).encode()).hexdigest()[:6]


def find_host(config: Config) -> Host:
    """Find the programs that the engine runs.

    Raises:
        Conflict: one is not installed; the text says which.
    """
    wanted = [config.default_runtime] if config.default_runtime else []
    found = {name: shutil.which(name) for name in dict.fromkeys([*wanted, "crun", "runc"])}
    runtimes = {name: path for name, path in found.items() if path}
    if not runtimes or (wanted and wanted[0] not in runtimes):
        raise Conflict(f"{wanted[0] if wanted else 'neither crun nor runc'} is not installed on this host: install it")
    conmon = shutil.which("conmon")
    if conmon is None:
        raise Conflict("conmon is not installed on this host: install the package conmon")
    init_path = config.init_path or shutil.which("tini-static") or ""
    return Host(instance_name(config), detect(), runtimes, conmon, init_path)


def oci_drivers(config: Config, host: Host, idmaps: IdMaps) -> dict[str, OciDriver]:
    """Return driver name → driver, the default runtime's under the plain name."""
    cgroups = Cgroups(host.hierarchy)
    drivers: dict[str, OciDriver] = {}
    for runtime, path in host.runtimes.items():
        name = f"oci-{runtime}" if drivers else "oci"
        settings = OciSettings(
            path, host.conmon, config.exec_root, host.instance, host.init_path,
            _readonly(path, config.exec_root / "programs" / runtime),
            config.environment.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        )  # fmt: skip
        drivers[name] = OciDriver(settings, cgroups, idmaps, name=name)
    return drivers


def _readonly(program: str, place: Path) -> str:
    """Mount program read-only at place, in the engine's own namespace; return where, empty if the kernel refuses."""
    place.parent.mkdir(exist_ok=True)
    place.touch()
    try:
        bind(program, str(place), readonly=True, recursive=False)
    except MountError as exc:
        log.info("the runtime is not mounted read-only", extra={"error": str(exc)})
        unmount(str(place))
        return ""
    return str(place)


@dataclass(frozen=True, slots=True)
class ExecDrivers:
    """What runs containers; name → driver.

    owners: the Linux users of Windows containers; unmapped: why they have none of their own, empty where they have.
    too_old: runtimes under which Windows containers have none all the same.
    """

    by_name: Mapping[str, ExecDriver]
    owners: Owners
    unmapped: str
    too_old: tuple[str, ...]


async def exec_drivers(config: Config, host: Host, bases: DiskBaseStore) -> ExecDrivers:
    """Build a driver for Linux and one for Windows containers per runtime of the host.

    Raises:
        TransomError: a file of certificates that the configuration names cannot be used.
    """
    idmaps = IdMaps()
    owners = choose(host.instance, taken_on_host())
    closed = closed_to_others(config.exec_root) or closed_to_others(config.data_root)
    unmapped = closed or idmaps.refusal(config.data_root, owners.whole)
    for path in config.windows_ca:
        await asyncio.to_thread(check_file, path)
    settings = WineSettings(config.data_root, None if unmapped else owners, config.windows_ca)
    drivers: dict[str, ExecDriver] = {}
    too_old = []
    for (name, inner), runtime in zip(oci_drivers(config, host, idmaps).items(), host.runtimes, strict=True):
        drivers[name] = inner
        if not unmapped and not await inner.maps_users():
            too_old.append(runtime)
        wine = name.replace("oci", "wine")
        drivers[wine] = WineDriver(settings, inner, bases, idmaps, name=wine)
    return ExecDrivers(drivers, owners, unmapped, tuple(too_old))
