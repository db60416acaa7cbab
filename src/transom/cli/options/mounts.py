"""`-v`, `--mount` and `--tmpfs`. Paths may be of either system: the engine knows the image's, we do not.

Source: docs.docker.com, "Bind mounts" and "Volumes" (options of --volume and --mount).
"""

import csv
import os
from collections.abc import Callable, Iterable
from typing import Any

from transom.cli.output.units import parse_bytes

_DRIVER = ("VolumeOptions", "DriverConfig")
FLAGS: dict[str, tuple[str, ...]] = {
    "readonly": ("ReadOnly",),
    "ro": ("ReadOnly",),
    "bind-nonrecursive": ("BindOptions", "NonRecursive"),
    "bind-create-src": ("BindOptions", "CreateMountpoint"),
    "volume-nocopy": ("VolumeOptions", "NoCopy"),
}
PAIRS: dict[str, tuple[str, ...]] = {
    "volume-label": ("VolumeOptions", "Labels"),
    "volume-opt": (*_DRIVER, "Options"),
}


def _octal(value: str) -> int:
    return int(value, 8)


def volumes(specs: Iterable[str]) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """Return (Binds, Volumes) for the -v flags: with a source they are binds, else anonymous volumes.

    Raises:
        ValueError: a specification is malformed.
    """
    binds: list[str] = []
    anonymous: dict[str, dict[str, Any]] = {}
    for spec in specs:
        parts = split_volume(spec)
        if len(parts) == 1:
            anonymous[spec] = {}
            continue
        source = parts[0]
        if source.startswith("."):
            binds.append(os.path.abspath(source) + spec[len(source) :])
        elif source.startswith("~"):
            binds.append(os.path.expanduser(source) + spec[len(source) :])
        else:
            binds.append(spec)
    return binds, anonymous


def split_volume(spec: str) -> list[str]:
    """Return the parts of source:target:options; the colon of a drive letter divides nothing.

    Raises:
        ValueError: a part is empty.
    """
    if not spec:
        raise ValueError("invalid empty volume spec")
    parts: list[str] = []
    current = ""
    for index, char in enumerate(spec):
        drive = len(current) == 1 and current.isalpha() and spec[index + 1 : index + 2] in ("\\", "/", ":", "")
        if char == ":" and not (drive and _is_drive(spec, index)):
            parts.append(current)
            current = ""
        else:
            current += char
    parts.append(current)
    if any(not part for part in parts):
        raise ValueError(f"invalid spec: {spec}: empty section between colons")
    return parts


def _is_drive(spec: str, colon: int) -> bool:
    """Return whether the colon belongs to a drive: C:\\x anywhere, D: alone as a whole target."""
    return spec[colon + 1 : colon + 2] in ("\\", "/") or colon == len(spec) - 1 or spec[colon + 1] == ":"


def _source(value: str) -> str:
    relative = value == "." or value.startswith(("./", "../"))
    return os.path.abspath(value) if relative else value


FIELDS: dict[str, tuple[tuple[str, ...], Callable[[str], object]]] = {
    "type": (("Type",), str.lower),
    **dict.fromkeys(("source", "src"), (("Source",), _source)),
    **dict.fromkeys(("target", "dst", "destination"), (("Target",), str)),
    "consistency": (("Consistency",), str.lower),
    "bind-propagation": (("BindOptions", "Propagation"), str.lower),
    "volume-subpath": (("VolumeOptions", "Subpath"), str),
    "volume-driver": ((*_DRIVER, "Name"), str),
    "image-subpath": (("ImageOptions", "Subpath"), str),
    "tmpfs-size": (("TmpfsOptions", "SizeBytes"), parse_bytes),
    "tmpfs-mode": (("TmpfsOptions", "Mode"), _octal),
}


def parse_mount(text: str) -> dict[str, Any]:
    """Return one --mount as the API's Mount.

    Raises:
        ValueError: a field is malformed, in Docker's words.
    """
    mount: dict[str, Any] = {"Type": "volume"}
    for item in next(csv.reader([text])):
        key, equals, value = item.partition("=")
        _mount_field(mount, key.lower().strip(), value, has_value=bool(equals), field=item)
    _check_mount(mount, text)
    return mount


def _mount_field(mount: dict[str, Any], key: str, value: str, *, has_value: bool, field: str) -> None:
    if not has_value and key not in FLAGS:
        raise ValueError(f"invalid field '{field}' must be a key=value pair")
    if key in FLAGS:
        _place(mount, FLAGS[key], _flag(key, value, has_value=has_value))
    elif key in PAIRS:
        name, _, item = value.partition("=")
        _place(mount, (*PAIRS[key], name), item)
    elif key == "bind-recursive":
        mount.setdefault("BindOptions", {}).update(_recursive(value))
    elif key in FIELDS:
        path, convert = FIELDS[key]
        try:
            _place(mount, path, convert(value))
        except ValueError:
            raise ValueError(f"invalid value for {key}: {value}") from None
    else:
        raise ValueError(f"unexpected key '{key}' in '{field}'")


def _place(mount: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for name in path[:-1]:
        mount = mount.setdefault(name, {})
    mount[path[-1]] = value


def _flag(key: str, value: str, *, has_value: bool) -> bool:
    if not has_value or value in ("1", "true", "True", "TRUE"):
        return True
    if value in ("0", "false", "False", "FALSE"):
        return False
    raise ValueError(f"invalid value for {key}: {value}")


def _recursive(value: str) -> dict[str, bool]:
    options: dict[str, dict[str, bool]] = {
        "enabled": {},
        "disabled": {"NonRecursive": True},
        "writable": {"ReadOnlyNonRecursive": True},
        "readonly": {"ReadOnlyForceRecursive": True},
    }
    if value not in options:
        raise ValueError(
            f'invalid value for bind-recursive: {value} (must be "enabled", "disabled", "writable", or "readonly")'
        )
    return options[value]


def _check_mount(mount: dict[str, Any], text: str) -> None:
    kind = mount["Type"]
    if not kind:
        raise ValueError("type is required")
    if not mount.get("Target"):
        raise ValueError("target is required")
    owners = {"VolumeOptions": "volume", "BindOptions": "bind", "TmpfsOptions": "tmpfs", "ImageOptions": "image"}
    for options, owner in owners.items():
        if options in mount and kind != owner:
            raise ValueError(f"cannot mix '{owner}-*' options with mount type '{kind}'")
    if kind == "tmpfs" and mount.get("Source"):
        raise ValueError("cannot specify source for tmpfs mounts")


def tmpfs(items: Iterable[str]) -> dict[str, str]:
    """Return --tmpfs path[:options] as HostConfig.Tmpfs."""
    return {path: options for path, _, options in (item.partition(":") for item in items)}
