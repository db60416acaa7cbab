"""Windows' delta hives of a layer (`Hives/*_Delta`) made into our own form of registry changes (docs/adr/0071). Pure.

Programs' keys, services and the environment are taken over. What only describes the machine that the layer was made on
(its devices, its network cards, its drivers) is left out: nothing here would read it, and Wine keeps its own.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from transom.drivers.exec.wine.registry import BranchDelta, Delta, dump_delta, escaped, fold, is_within, parent, quoted
from transom.errors import InvalidParameter
from transom.images.regf import HiveKey, Semantics, Value, read_hive

ROOTS: Mapping[str, str] = {"Software_Delta": "Software", "System_Delta": "System"}
"""Hive → its root in HKEY_LOCAL_MACHINE. The others (accounts, their secrets, SYSTEM's own settings) have no place."""

MAX_BYTES = 48 << 20
"""Of what is taken over, as text."""

_SYSTEM = r"System\\ControlSet001"
_MACHINE_ONLY = (
    *(rf"{_SYSTEM}\\{name}" for name in ("Enum", "Hardware Profiles", "Policies")),
    *(
        rf"{_SYSTEM}\\Control\\{name}"
        for name in (
            "Class", "ComputerName", "DeviceClasses", "DeviceContainers", "GraphicsDrivers", "IDConfigDB", "Network",
            "Video", "WMI", "hivelist",
        )
    ),
    *(
        rf"{_SYSTEM}\\Services\\{name}"
        for name in ("Tcpip", "Tcpip6", "NetBT", "Dnscache", "Dhcp", "SharedAccess", "bam", "vmsmp", "HNS", "rdyboost")
    ),
    *(rf"System\\{name}" for name in ("DriverDatabase", "HardwareConfig", "MountedDevices", "RNG", "Select", "Setup")),
    *(
        rf"Software\\Microsoft\\{name}"
        for name in (
            r"Windows NT\\CurrentVersion\\NetworkCards", r"Windows NT\\CurrentVersion\\ProfileList",
            r"Windows NT\\CurrentVersion\\Virtualization", r"Windows\\CurrentVersion\\Component Based Servicing",
            r"Windows\\CurrentVersion\\SideBySide", r"Cryptography\\RNG", "WindowsUpdate",
        )
    ),
)  # fmt: skip
_LEFT_OUT = tuple(fold(path) for path in _MACHINE_ONLY)
_SERVICES = fold(rf"{_SYSTEM}\\Services") + "\\\\"
_DRIVER_TYPES = 0x0F
"""Bits of a service's Type that say that it is a driver."""

_SZ, _EXPAND_SZ, _BINARY, _DWORD, _MULTI_SZ = 1, 2, 3, 4, 7
_MAX_KIND = 0xFFFFFFFF


@dataclass(slots=True)
class _Changes:
    """A branch's changes as they are collected."""

    set: dict[str, dict[str, str]] = field(default_factory=dict)
    unset: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cleared: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left: int = MAX_BYTES

    def take(self, path: str, key: HiveKey) -> None:
        """Take over what a key says."""
        if key.semantics is Semantics.TOMBSTONE:
            self.removed.append(path)
            return
        if key.semantics is Semantics.SUPERSEDE_LOCAL:
            self.cleared.append(path)
        elif key.semantics is Semantics.SUPERSEDE_TREE and not self._is_removed(path):
            self.removed.append(path)
        values = {value_name(value): value_data(value) for value in key.values if not value.deleted}
        gone = tuple(value_name(value) for value in key.values if value.deleted)
        self.left -= len(path) + sum(len(name) + len(data) for name, data in values.items()) + sum(map(len, gone))
        if self.left < 0:
            raise InvalidParameter(f"invalid registry hive: it holds more than {MAX_BYTES} bytes of changes")
        if gone:
            self.unset[path] = gone
        self.set[path] = values

    def _is_removed(self, path: str) -> bool:
        return any(is_within(fold(path), fold(top)) for top in self.removed[-1:])

    def done(self) -> BranchDelta:
        """Return them; a key that says nothing, and stands for those below it alone, is left out."""
        above = {*map(parent, self.set), *ROOTS.values()}
        kept = {path: values for path, values in self.set.items() if values or path not in above}
        return BranchDelta(kept, self.unset, tuple(self.removed), tuple(self.cleared))


def changes_of(hives: Mapping[str, bytes]) -> tuple[bytes, Sequence[str]]:
    """Return the changes that a layer's hives (file name → content) say, as a layer's registry is kept, and warnings.

    The changes are empty if they say nothing.

    Raises:
        InvalidParameter: one is damaged or hostile.
    """
    changes = _Changes()
    warnings: list[str] = []
    for name, data in hives.items():
        root = ROOTS.get(name)
        if root is None:
            if sum(1 for _ in read_hive(data, name)) > 1:
                warnings.append(f"the registry changes in {name} are kept in the blob and not in force")
            continue
        for path, key in _wanted(root, read_hive(data, name)):
            changes.take(path, key)
    delta = Delta("", {"system": changes.done()})
    return b"" if delta.is_empty else dump_delta(delta), warnings


def _wanted(root: str, keys: Iterable[HiveKey]) -> Iterator[tuple[str, HiveKey]]:
    """Yield what is taken over, with its path as registry files spell it."""
    skipped = ""
    for key in keys:
        path = "\\\\".join([root, *(escaped(name, "[]") for name in key.path)])
        folded = fold(path)
        if skipped and is_within(folded, skipped):
            continue
        skipped = ""
        if key.is_link or any(is_within(folded, left) for left in _LEFT_OUT) or _is_driver(folded, key):
            skipped = folded
            continue
        if not key.path:
            key = replace(key, semantics=Semantics.MERGE)  # what replaces a whole hive would take Wine's own with it
        yield path, key


def _is_driver(folded: str, key: HiveKey) -> bool:
    if not folded.startswith(_SERVICES) or "\\\\" in folded[len(_SERVICES) :]:
        return False
    kinds = [value.data for value in key.values if fold(value.name) == "type" and value.kind == _DWORD]
    return any(len(data) == 4 and data[0] & _DRIVER_TYPES for data in kinds)


def value_name(value: Value) -> str:
    """Return a value's name as registry files spell it."""
    return quoted(value.name) if value.name else "@"


def value_data(value: Value) -> str:
    """Return a value's data as registry files spell it.

    Source: observation of what wineserver writes; its reader takes texts with one NUL at the end, which is not written.
    """
    data, kind = value.data, value.kind
    if kind in {_SZ, _EXPAND_SZ, _MULTI_SZ} and len(data) >= 2 and len(data) % 2 == 0 and data[-2:] == b"\0\0":
        text = quoted(data[:-2].decode("utf-16-le", "surrogatepass"))
        return text if kind == _SZ else f"str({kind:x}):{text}"
    if kind == _DWORD and len(data) == 4:
        return f"dword:{struct.unpack('<I', data)[0]:08x}"
    prefix = "hex:" if kind == _BINARY else f"hex({kind:x}):"
    return prefix + data.hex(",")
