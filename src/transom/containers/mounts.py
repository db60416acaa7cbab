"""From `-v`, `--mount`, `--tmpfs` and VOLUME to one list of mounts; pure.

Source: Docker documentation, "Volumes", "Bind mounts", "tmpfs mounts".
"""

from collections.abc import Callable, Iterable

from transom.containers.container import MountRecord
from transom.errors import InvalidParameter, NotSupported
from transom.guest import GuestOS
from transom.wire.containers import HostConfig, MountSpec

PROPAGATIONS = frozenset({"private", "rprivate", "slave", "rslave", "shared", "rshared"})
_PATH_BYTES = 4096
_SIZES = {"b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def wanted_mounts(host: HostConfig, image_volumes: Iterable[str], guest: GuestOS) -> tuple[MountRecord, ...]:
    """Return the container's mounts, shorter targets first; volumes without a name have an empty one.

    Raises:
        InvalidParameter: a mount is malformed, or two have one target; the texts are Docker's.
        NotSupported: a kind of mount that is not there.
    """
    found: dict[str, MountRecord] = {}

    def add(record: MountRecord) -> None:
        if len(record.target) > _PATH_BYTES or len(record.source) > _PATH_BYTES:
            raise InvalidParameter(f"invalid mount path: it is longer than {_PATH_BYTES} characters")
        if guest.same_path(record.target).rstrip("\\") == guest.same_path(guest.default_workdir).rstrip("\\"):
            raise InvalidParameter(f"invalid mount path: '{record.target}': destination can't be '/'")
        key = guest.same_path(record.target)
        if key in found:
            raise InvalidParameter(f"Duplicate mount point: {record.target}")
        found[key] = record

    for spec in host.binds:
        add(_from_bind(spec, guest, host.volume_driver))
    for mount in host.mounts:
        add(_from_mount(mount, guest))
    for target, options in host.tmpfs.items():
        add(_tmpfs(target, options, guest))
    for target in image_volumes:
        # `VOLUME /a/` and `/a` are one; what the user mounts there comes first.
        target = guest.mount_target(target)
        if guest.same_path(target) not in found:
            add(MountRecord(type="volume", source="", target=target, driver="local", anonymous=True))
    return tuple(sorted(found.values(), key=lambda each: each.target.count("/") + each.target.count("\\")))


def _from_bind(spec: str, guest: GuestOS, volume_driver: str) -> MountRecord:
    source, target, mode = guest.parse_bind(spec)
    flags = [flag for flag in mode.split(",") if flag]
    propagation = [flag for flag in flags if flag in PROPAGATIONS]
    accesses = [flag for flag in flags if flag in {"ro", "rw"}]
    if len(propagation) > 1 or len(accesses) > 1:
        raise InvalidParameter(f"invalid mode: {mode}")
    known = PROPAGATIONS | {"ro", "rw", "z", "Z", "nocopy", "consistent", "cached", "delegated"}
    if any(flag not in known for flag in flags):
        raise InvalidParameter(f"invalid mode: {mode}")
    readonly = "ro" in flags
    if source.startswith("/"):
        _check_propagation(propagation[0] if propagation else "")
        return MountRecord(
            type="bind", source=source.rstrip("/") or "/", target=target, mode=mode, readonly=readonly,
            propagation=propagation[0] if propagation else "rprivate",
        )  # fmt: skip
    if propagation:
        raise InvalidParameter(f"invalid mode: {mode}")
    _check_driver(volume_driver)
    return MountRecord(
        type="volume", source="", target=target, name=source, driver="local", mode=mode or "z", readonly=readonly,
        anonymous=not source, options=("nocopy",) if "nocopy" in flags else (),
    )  # fmt: skip


def _from_mount(mount: MountSpec, guest: GuestOS) -> MountRecord:
    target = mount.target

    def bad(text: str) -> InvalidParameter:
        return InvalidParameter(f'invalid mount config for type "{mount.type}": {text}')

    if not target:
        raise bad("field Target must not be empty")
    if not guest.is_mount_target(target):
        raise bad(f"invalid mount path: '{target}' mount path must be absolute")
    target = guest.mount_target(target)
    match mount.type:
        case "bind":
            return _bind_mount(mount, target, bad)
        case "volume":
            return _volume_mount(mount, target)
        case "tmpfs":
            return _tmpfs_mount(mount, target, bad)
        case "image" | "cluster" | "npipe":
            raise NotSupported(f"mount type {mount.type} is not supported: use bind, volume or tmpfs")
        case _:
            raise bad("mount type unknown")


def _bind_mount(mount: MountSpec, target: str, bad: Callable[[str], InvalidParameter]) -> MountRecord:
    if not mount.source:
        raise bad("field Source must not be empty")
    if not mount.source.startswith("/"):
        raise bad(f"invalid mount path: '{mount.source}' mount path must be absolute")
    options = mount.bind_options
    propagation = options.propagation if options else ""
    if propagation and propagation not in PROPAGATIONS:
        raise bad(f"invalid propagation mode: {propagation}")
    _check_propagation(propagation)
    if options and options.read_only_force_recursive:
        raise NotSupported("ReadOnlyForceRecursive is not supported: leave it away")
    create = bool(options and options.create_mountpoint)
    return MountRecord(
        type="bind", source=mount.source.rstrip("/") or "/", target=target, readonly=mount.read_only,
        propagation=propagation or "rprivate", options=("create",) if create else ("must-exist",),
    )  # fmt: skip


def _volume_mount(mount: MountSpec, target: str) -> MountRecord:
    volume = mount.volume_options
    if volume and volume.driver_config:
        _check_driver(volume.driver_config.name)
        if volume.driver_config.options:
            raise NotSupported("volume driver options at run time are not supported: use docker volume create")
    if volume and volume.subpath:
        raise NotSupported("volume-subpath is not supported: mount the whole volume")
    nocopy = bool(volume and volume.no_copy)
    return MountRecord(
        type="volume", source="", target=target, name=mount.source, driver="local", mode="z",
        readonly=mount.read_only, anonymous=not mount.source, options=("nocopy",) if nocopy else (),
    )  # fmt: skip


def _tmpfs_mount(mount: MountSpec, target: str, bad: Callable[[str], InvalidParameter]) -> MountRecord:
    if mount.source:
        raise bad("field Source must not be specified")
    given = mount.tmpfs_options
    extra = ["=".join(option) for option in given.options] if given else []
    if given and given.mode:
        extra.append(f"mode={given.mode:o}")
    return MountRecord(
        type="tmpfs", source="", target=target, size_bytes=given.size_bytes if given else 0,
        options=tuple(extra), readonly=mount.read_only,
    )  # fmt: skip


def _tmpfs(target: str, options: str, guest: GuestOS) -> MountRecord:
    if not guest.is_mount_target(target):
        raise InvalidParameter(f"invalid mount path: '{target}' mount path must be absolute")
    size, kept = 0, []
    for option in filter(None, options.split(",")):
        name, _, value = option.partition("=")
        if name == "size":
            size = size_bytes(value)
        else:
            kept.append(option)
    return MountRecord(
        type="tmpfs", source="", target=guest.mount_target(target), size_bytes=size, options=tuple(kept),
        readonly="ro" in kept,
    )  # fmt: skip


def size_bytes(text: str) -> int:
    """Return `64m` as bytes.

    Raises:
        InvalidParameter: it is no size.
    """
    digits, unit = (text[:-1], text[-1].lower()) if text[-1:].isalpha() else (text, "b")
    if not (digits.isascii() and digits.isdecimal()) or unit not in _SIZES:
        raise InvalidParameter(f"invalid size: '{text}'")
    return int(digits) * _SIZES[unit]


def _check_driver(name: str) -> None:
    if name not in {"", "local"}:
        raise NotSupported(f'volume driver "{name}" is not supported: only local volumes are')


def _check_propagation(mode: str) -> None:
    # The engine's mount namespace receives the host's mounts, and gives it none.
    if mode in {"shared", "rshared"}:
        raise NotSupported(f"mount propagation {mode} is not supported: use rslave, or mount on the host")
