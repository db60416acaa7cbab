"""Device nodes of the host, for `--device` and for privileged containers."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator

from transom.drivers.exec.oci.bundle import DeviceNode
from transom.errors import InvalidParameter
from transom.execution.spec import Device, ExecSpec

_OWN_DIRECTORIES = frozenset({"pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev"})
_OWN_DEVICES = frozenset({"console", "ptmx", "null", "zero", "full", "random", "urandom", "tty"})


def spec_devices(spec: ExecSpec) -> Iterator[DeviceNode]:
    """Yield what spec names, and for a privileged container whatever else the host has."""
    named = [node for device in spec.devices for node in device_nodes(device)]
    yield from named
    if spec.security.privileged:
        taken = {node.path for node in named}
        yield from (node for node in host_devices() if node.path not in taken)


def device_nodes(device: Device) -> list[DeviceNode]:
    """Return the nodes that device names: itself, or all below a directory.

    Raises:
        InvalidParameter: there is no such device.
    """
    paths = [device.host_path]
    if os.path.isdir(device.host_path):
        paths = [os.path.join(top, name) for top, _, names in os.walk(device.host_path) for name in names]
    nodes = []
    for path in paths:
        try:
            info = os.stat(path)
        except OSError as exc:
            text = os.strerror(exc.errno or errno.ENOENT).lower()
            raise InvalidParameter(
                f'error gathering device information while adding custom device "{path}": {text}'
            ) from None
        node = _node(path, device.container_path + path[len(device.host_path) :], device.permissions, info)
        if node is not None:
            nodes.append(node)
    if not nodes:
        raise InvalidParameter(
            f'error gathering device information while adding custom device "{device.host_path}": not a device node'
        )
    return nodes


def host_devices() -> Iterator[DeviceNode]:
    """Yield the host's devices, but for those that every container has of its own."""
    for top, directories, names in os.walk("/dev"):
        if top == "/dev":
            directories[:] = [each for each in directories if each not in _OWN_DIRECTORIES]
            names = [each for each in names if each not in _OWN_DEVICES]
        for name in names:
            path = os.path.join(top, name)
            with contextlib.suppress(OSError):  # it has just gone
                node = _node(path, path, "rwm", os.lstat(path))
                if node is not None:
                    yield node


def _node(path: str, inside: str, permissions: str, info: os.stat_result) -> DeviceNode | None:
    kind = "c" if stat.S_ISCHR(info.st_mode) else "b" if stat.S_ISBLK(info.st_mode) else ""
    if not kind:
        return None
    major, minor = os.major(info.st_rdev), os.minor(info.st_rdev)
    return DeviceNode(inside, kind, major, minor, stat.S_IMODE(info.st_mode), permissions)
