"""A container's WINEPREFIX: its registry, made from the base's template and its image's changes, and its drives."""

import json
import os
import re
import stat
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transom.drivers.exec.wine import registry, timezones
from transom.drivers.exec.wine.authorities import Authorities, is_root_key
from transom.drivers.exec.wine.base.contents import PE32_DIR
from transom.drivers.exec.wine.request import windows_version
from transom.drivers.exec.wine.timezones import Zone
from transom.errors import InvalidParameter, NotFound
from transom.execution.spec import ExecSpec
from transom.host.rootfs import Rootfs
from transom.snapshots.layers import Change, ChangeKind

DIRECTORY = "wine"
"""Name of the prefix below ExecSpec.state_dir."""
_ORIGIN = "registry-origin.json"
"""Beside the prefix, where the container cannot write: what its registry was made from."""
_DEVICES = "dosdevices"
_WINE_FONTS = r'"\\??\\unix\\usr\\share\\wine\\fonts\\'
"""Where Wine's own fonts are: it notes them down in whatever registry it finds, so that is no change of anybody's."""
_ROOTS = {"system": "HKEY_LOCAL_MACHINE", "user": "HKEY_CURRENT_USER"}
_HIVES = "sam\\hives\\"  # windows/accounts.h
MAX_FILE_BYTES = 256 << 20
_BAD_IN_NAME = re.compile(r"[^A-Za-z0-9-]")

_PRODUCTS = {
    "14393": ("Windows Server 2016 Datacenter", "1607", "1607"),
    "17763": ("Windows Server 2019 Datacenter", "1809", "1809"),
    "20348": ("Windows Server 2022 Datacenter", "2009", "21H2"),
    "25398": ("Windows Server Datacenter", "2009", "23H2"),
    "26100": ("Windows Server 2025 Datacenter", "2009", "24H2"),
}
"""Build → ProductName, ReleaseId, DisplayVersion."""

_VERSION = r"Software\\Microsoft\\Windows NT\\CurrentVersion"
_VERSION_32 = r"Software\\Wow6432Node\\Microsoft\\Windows NT\\CurrentVersion"
_CONTROL = r"System\\ControlSet001\\Control"
_TCPIP = r"System\\ControlSet001\\Services\\Tcpip\\Parameters"

Values = Mapping[str, Mapping[str, str]]
"""Key → value name → data, all in the registry files' spelling."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What is one container's alone in its registry."""

    container_id: str
    hostname: str
    domainname: str
    os_version: str
    zone: str = ""
    """The time zone that its environment asks for."""


def identity_of(spec: ExecSpec) -> Identity:
    """Return the identity that spec describes."""
    zone = timezones.zone_name(spec.process.env)
    return Identity(spec.container_id, spec.hostname, spec.domainname, spec.os_version, zone)


def computer_name(hostname: str) -> str:
    """Return the NetBIOS name for a host name: 15 characters at most, upper case."""
    return _BAD_IN_NAME.sub("-", hostname.split(".", maxsplit=1)[0])[:15].upper() or "CONTAINER"


def own_values(identity: Identity, zone: Zone | None = None, *, wow64: bool) -> Values:
    """Return the values that differ from container to container.

    zone: the one that its environment asks for. wow64: also where 32-bit programs look.
    """
    text = registry.quoted
    computer = text(computer_name(identity.hostname))
    guid = str(uuid.UUID((identity.container_id + "0" * 32)[:32]))
    version = _version_values(identity.os_version)
    return {
        _VERSION: version,
        **({_VERSION_32: version} if wow64 else {}),
        r"Software\\Microsoft\\Cryptography": {'"MachineGuid"': text(guid)},
        _CONTROL + r"\\ComputerName\\ComputerName": {'"ComputerName"': computer},
        _CONTROL + r"\\ComputerName\\ActiveComputerName": {'"ComputerName"': computer},
        _TCPIP: {
            '"Hostname"': text(identity.hostname),
            '"NV Hostname"': text(identity.hostname),
            '"Domain"': text(identity.domainname),
        },
        **(timezones.own_values(zone) if zone else {}),
    }


def _version_values(os_version: str) -> Mapping[str, str]:
    version, revision = windows_version(os_version)
    major, minor, build = version.split(".")
    product, release, display = _PRODUCTS.get(build, ("Windows Server Datacenter", "2009", ""))
    text, number = registry.quoted, "dword:{:08x}".format
    return {
        '"CurrentVersion"': text("6.3"),
        '"CurrentMajorVersionNumber"': number(int(major)),
        '"CurrentMinorVersionNumber"': number(int(minor)),
        '"CurrentBuild"': text(build),
        '"CurrentBuildNumber"': text(build),
        '"UBR"': number(revision),
        '"ProductName"': text(product),
        '"ReleaseId"': text(release),
        '"DisplayVersion"': text(display),
        '"EditionID"': text("ServerDatacenter"),
        '"InstallationType"': text("Server Core"),
    }


def _keys(values: Values) -> Iterable[registry.Key]:
    for name, entries in values.items():
        yield registry.Key(name, (), {registry.fold(value): (value, data) for value, data in entries.items()})


def prepare(spec: ExecSpec, base: Path, drives: Mapping[str, str], *, authorities: str = "") -> Path:
    """Make or renew the prefix below spec.state_dir and return it; blocks.

    A registry that is there already, of an earlier run, is kept. drives: letter → path in the container.
    authorities: directory of the files with the host's certificate authorities.

    Raises:
        InvalidParameter: a layer's registry delta is malformed.
    """
    prefix = Path(spec.state_dir) / DIRECTORY
    prefix.mkdir(parents=True, exist_ok=True)
    # The container writes into its prefix: every path there is opened as one that may lead anywhere.
    with Rootfs.at(str(prefix)) as root:
        root.remove(_DEVICES)
        root.mkdir(_DEVICES, 0o755)
        for letter, path in drives.items():
            root.symlink(path, f"{_DEVICES}/{letter.lower()}:")
        if not all(_is_file(root, f"{name}.reg") for name in registry.BRANCHES):
            identity = identity_of(spec)
            texts, zone = _initial(base, spec.registry_deltas, identity)
            origin = {
                "base": str(base),
                "deltas": list(spec.registry_deltas),
                "identity": _as_dict(identity),
                "authorities": authorities,
            }
            (prefix.parent / _ORIGIN).write_text(json.dumps(origin), encoding="utf-8")
            if zone:
                _write(root, timezones.FILE, timezones.file(zone))
            for name, text in texts.items():
                _write(root, f"{name}.reg", text.encode("utf-8", "surrogateescape"))
    return prefix


def _initial(base: Path, deltas: Sequence[str], identity: Identity) -> tuple[dict[str, str], Zone | None]:
    """Return the texts of a new container's registry files, and its time zone; None is UTC.

    Where layers only add and change, their text is appended: wineserver takes the last word. Parsing the template
    to take something out costs 30 ms.
    """
    loaded = [registry.load_delta(Path(path).read_bytes()) for path in deltas]
    texts = {name: _read(base / "registry" / f"{name}.reg") for name in registry.BRANCHES}
    if all(delta.only_sets for delta in loaded):
        for name in registry.BRANCHES:
            texts[name] += "".join(registry.appended(delta, name) for delta in loaded)
    else:
        whole = {name: registry.parse(text) for name, text in texts.items()}
        for delta in loaded:
            whole = registry.merge(whole, delta)
        texts = {name: registry.print_branch(name, branch) for name, branch in whole.items()}
    zone = timezones.find(texts["system"], identity.zone)
    values = own_values(identity, zone, wow64=_has_wow64(base))
    if not zone:
        zone = timezones.find(texts["system"], timezones.name_in(loaded))
    texts["system"] += registry.print_keys(_keys(values))
    return texts, zone


def registry_delta(state_dir: str, base_digest: str) -> bytes:
    """Return what a container changed in the registry of its image, as its layer carries it; empty if nothing.

    The container must not run, or have been flushed just now. What is one container's alone is left out. Blocks.

    Raises:
        NotFound: the container has never been started.
        InvalidParameter: the container has made something else of its registry files.
    """
    _, delta = _compare(state_dir, base_digest)
    return b"" if delta.is_empty else registry.dump_delta(delta)


def registry_changes(state_dir: str) -> Sequence[Change]:
    """Return the keys that a container added to the registry of its image, changed there or removed, by their paths.

    As registry_delta; a container that has never been started has changed nothing. Blocks.

    Raises:
        InvalidParameter: the container has made something else of its registry files.
    """
    try:
        before, delta = _compare(state_dir, "")
    except NotFound:
        return []
    found: dict[str, ChangeKind] = {}
    for name, part in delta.branches.items():
        there = {above for path in before[name] for above in registry.lineage(path)}
        for key in (*part.set, *part.unset, *part.cleared):
            kind = ChangeKind.MODIFIED if registry.fold(key) in there else ChangeKind.ADDED
            found[_shown(name, key)] = kind
        for key in part.removed:
            found[_shown(name, key)] = ChangeKind.DELETED
    return [Change(path, kind) for path, kind in sorted(found.items())]


def _shown(branch: str, key: str) -> str:
    """Return a key's path as Windows' programs see it: a user's registry is kept in the machine's."""
    path = registry.unescaped(key)
    if branch == "system" and path.lower().startswith(_HIVES):
        return f"HKEY_USERS\\{path[len(_HIVES) :]}"
    return f"{_ROOTS[branch]}\\{path}"


def _compare(state_dir: str, base_digest: str) -> tuple[registry.Registry, registry.Delta]:
    """Return the registry that a container began with, and what it changed in it."""
    try:
        origin = json.loads(_read(Path(state_dir) / _ORIGIN))
    except FileNotFoundError:
        raise NotFound("the container has no registry yet") from None
    identity = Identity(**{name: origin["identity"][name] for name in Identity.__slots__ if name in origin["identity"]})
    texts, zone = _initial(Path(origin["base"]), origin["deltas"], identity)
    before = {name: registry.parse(text) for name, text in texts.items()}
    with Rootfs.at(str(Path(state_dir) / DIRECTORY)) as root:
        after = {name: registry.parse(_read_inside(root, f"{name}.reg")) for name in registry.BRANCHES}
    delta = registry.without_data(registry.diff(before, after, base=base_digest), _WINE_FONTS)
    values = own_values(identity, zone if identity.zone else None, wow64=_has_wow64(Path(origin["base"])))
    own = [(key, value) for key, entries in values.items() for value in entries]
    own += _host_authorities(delta, origin.get("authorities", ""))
    return before, registry.without_keys(delta, {"system": own})


def _host_authorities(delta: registry.Delta, directory: str) -> list[tuple[str, str]]:
    """Return the values with which Wine noted the host's certificate authorities."""
    changed = delta.branches["system"].set if "system" in delta.branches else {}
    if not directory or not any(is_root_key(key) for key in changed):
        return []
    known = Authorities(Path(directory)).keys()
    return [(key, value) for key in changed if key.lower() in known for value in changed[key]]


def system_registry(prefix: Path) -> bytes:
    """Return the prefix' file of HKEY_LOCAL_MACHINE, as the container left it; blocks.

    Raises:
        InvalidParameter: the container has made something else of it.
    """
    with Rootfs.at(str(prefix)) as root:
        return _bytes_inside(root, "system.reg")


def _has_wow64(base: Path) -> bool:
    return (base / "linux" / PE32_DIR).exists()


def _as_dict(identity: Identity) -> dict[str, str]:
    return {name: getattr(identity, name) for name in Identity.__slots__}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")


def _is_file(root: Rootfs, name: str) -> bool:
    return root.exists(name) and stat.S_ISREG(root.lstat(name).st_mode)


def _read_inside(root: Rootfs, name: str) -> str:
    return _bytes_inside(root, name).decode("utf-8", "surrogateescape")


def _bytes_inside(root: Rootfs, name: str) -> bytes:
    try:
        fd = root.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as exc:
        raise InvalidParameter(f"the container's {name} cannot be read: {os.strerror(exc.errno or 0)}") from exc
    with open(fd, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode) or info.st_size > MAX_FILE_BYTES:
            raise InvalidParameter(f"the container's {name} is no registry file")
        return file.read(MAX_FILE_BYTES)


def _write(root: Rootfs, name: str, data: bytes) -> None:
    """Replace a file of the prefix whole: an engine killed meanwhile leaves the old one or none."""
    part = f"{name}.part"
    root.remove(part)
    fd = root.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with open(fd, "wb") as file:
        file.write(data)
    root.remove(name)
    root.rename(part, name)


def check_drive(target: str) -> str:
    """Return the letter of a mount target `D:` or `D:\\sub`, lower case.

    Raises:
        InvalidParameter: target has no drive.
    """
    if len(target) < 2 or target[1] != ":" or not target[0].isalpha():
        raise InvalidParameter(f"the mount target {target!r} is not a Windows path with a drive")
    return target[0].lower()
