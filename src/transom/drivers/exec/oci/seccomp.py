"""Seccomp profiles in the format that Docker and Podman share, turned into the runtime's.

The default profile is that of Debian's golang-github-containers-common, kept up by Podman's authors, without what
Docker's does not let containers do either.
Source: containers/common docs, "containers-seccomp.json"; OCI runtime-spec config-linux.md#seccomp.
"""

import errno
import json
import platform
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from transom.errors import InvalidParameter

PROFILE_PATHS = ("/etc/containers/seccomp.json", "/usr/share/containers/seccomp.json")

_KEYS = ("add_key", "keyctl", "request_key")
_NAMESPACES = (
    "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree", "pivot_root",
    "setns", "umount", "umount2", "unshare",
)  # fmt: skip
_CLONE_FLAGS = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. Source: man page clone(2)."""
_AF_NETLINK, _AF_VSOCK, _NETLINK_AUDIT = 16, 40, 9
_O_CREAT, _O_TMPFILE = 0o100, 0o20000000
_ID_BITS = (0o4000, 0o2000)
_MODES = {"chmod": 1, "fchmod": 1, "fchmodat": 2, "fchmodat2": 2, "creat": 1, "mknod": 1, "mknodat": 2}
_OPENS = {"open": 1, "openat": 2}
"""Calls that give a file its mode → which argument that is; of the latter, which the flags are: the mode is next."""
_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}


def profile(text: str, capabilities: Sequence[str], *, no_suid: bool = False) -> dict[str, Any] | None:
    """Return the runtime's `linux.seccomp` for a container with these capabilities, None for `unconfined`.

    text is empty for the default profile, `unconfined`, or a profile's JSON. no_suid: the default profile withholds
    the making of files that run as their owner or group.

    Raises:
        InvalidParameter: text is no profile.
    """
    if text == "unconfined":
        return None
    if not text:
        return _default(tuple(sorted(capabilities)), no_suid)
    return _resolve(_parse(text), frozenset(capabilities))


@lru_cache(maxsize=16)
def _default(capabilities: tuple[str, ...], no_suid: bool) -> dict[str, Any] | None:
    for path in PROFILE_PATHS:
        try:
            with open(path, encoding="utf-8") as file:
                rules = _closed(_resolve(_parse(file.read()), frozenset(capabilities)), capabilities)
                return _without_suid(rules) if no_suid else rules
        except FileNotFoundError:
            continue
    raise InvalidParameter(
        "no default seccomp profile on this host: install golang-github-containers-common, "
        "or run with --security-opt seccomp=unconfined"
    )


def _parse(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as exc:
        raise InvalidParameter(f"Decoding seccomp profile failed: {exc}") from None
    if not isinstance(value, dict) or not isinstance(value.get("defaultAction"), str):
        raise InvalidParameter("Decoding seccomp profile failed: it has no defaultAction")
    return value


def _resolve(source: dict[str, Any], capabilities: frozenset[str]) -> dict[str, Any]:
    arch = _ARCH.get(platform.machine(), platform.machine())
    rules = []
    for rule in source.get("syscalls") or ():
        if not _applies(rule, arch, capabilities):
            continue
        kept: dict[str, Any] = {"names": rule.get("names") or [rule["name"]], "action": rule["action"]}
        if rule.get("args"):
            kept["args"] = rule["args"]
        if rule.get("errnoRet") is not None:
            kept["errnoRet"] = rule["errnoRet"]
        rules.append(kept)
    result: dict[str, Any] = {"defaultAction": source["defaultAction"], "syscalls": rules}
    if source.get("defaultErrnoRet") is not None:
        result["defaultErrnoRet"] = source["defaultErrnoRet"]
    architectures = list(source.get("architectures") or ())
    native = f"SCMP_ARCH_{platform.machine().upper()}"
    for entry in source.get("archMap") or ():
        if entry["architecture"] == native:
            architectures = [native, *(entry.get("subArchitectures") or ())]
    if architectures:
        result["architectures"] = architectures
    return result


def _closed(rules: dict[str, Any], capabilities: Sequence[str]) -> dict[str, Any]:
    """Return rules without what Docker's profile withholds and this one gives: new namespaces, mounts, keys.

    Podman lets containers make user namespaces, for Podman inside them. With those every part of the kernel that asks
    for a capability in a namespace is within a container's reach.
    """
    withheld = {*_KEYS, "socket"}
    if "CAP_SYS_ADMIN" not in capabilities:
        withheld |= {*_NAMESPACES, "clone", "clone3"}
        if "CAP_SYSLOG" not in capabilities:
            withheld.add("syslog")
    if "CAP_SYS_BOOT" not in capabilities:
        withheld.add("reboot")
    kept = [*_others(rules, withheld), *_sockets("CAP_AUDIT_WRITE" in capabilities)]
    refused = sorted(withheld - {"clone", "clone3", "socket"})
    kept.append({"names": refused, "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM})
    if "clone" in withheld:
        kept += [
            {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [_masked(sum(_CLONE_FLAGS), 0)]},
            # Its flags lie in memory, where no rule sees them: libraries take clone instead, when there is no clone3.
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
        ]
        for flag in _CLONE_FLAGS:
            args = [_masked(flag, flag)]
            kept.append(_refused("clone", errno.EPERM, args))
    return {**rules, "syscalls": kept}


def _others(rules: dict[str, Any], withheld: Collection[str]) -> list[dict[str, Any]]:
    """Return the rules for all calls but the withheld ones."""
    kept = ({**rule, "names": [name for name in rule["names"] if name not in withheld]} for rule in rules["syscalls"])
    return [rule for rule in kept if rule["names"]]


def _sockets(may_audit: bool) -> list[dict[str, Any]]:
    """Return rules for all sockets but those that lead to a hypervisor, and the kernel's audit for who may not.

    Rules for one call must not both apply: libseccomp does not say which wins.
    """
    allowed = [_compare(0, "NE", _AF_VSOCK)]
    rules = [_refused("socket", errno.EPERM, [_compare(0, "EQ", _AF_VSOCK)])]
    if not may_audit:  # whatever the family is: others know no such protocol, but for raw sockets
        allowed.append(_compare(2, "NE", _NETLINK_AUDIT))
        audit = [_compare(0, "EQ", _AF_NETLINK), _compare(2, "EQ", _NETLINK_AUDIT)]
        rules.append(_refused("socket", errno.EINVAL, audit))
    return [*rules, {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": allowed}]


def _without_suid(rules: dict[str, Any]) -> dict[str, Any]:
    """Return rules under which no file gets a set-user-ID or set-group-ID bit.

    Where a directory of the host's is mounted, such a file would be the host's.
    Source: man page systemd.exec(5), RestrictSUIDSGID=.
    """
    kept = _others(rules, {*_MODES, *_OPENS, "openat2"})
    for name, mode in _MODES.items():
        kept.append({"names": [name], "action": "SCMP_ACT_ALLOW", "args": [_masked(sum(_ID_BITS), 0, mode)]})
        kept += [_refused(name, errno.EPERM, [_masked(bit, bit, mode)]) for bit in _ID_BITS]
    for name, flags in _OPENS.items():
        for args in ([_masked(_O_CREAT | _O_TMPFILE, 0, flags)], [_masked(sum(_ID_BITS), 0, flags + 1)]):
            kept.append({"names": [name], "action": "SCMP_ACT_ALLOW", "args": args})
        for flag in (_O_CREAT, _O_TMPFILE):
            for bit in _ID_BITS:
                kept.append(_refused(name, errno.EPERM, [_masked(flag, flag, flags), _masked(bit, bit, flags + 1)]))
    kept.append(_refused("openat2", errno.ENOSYS, []))  # its mode lies in memory, where no rule sees it
    return {**rules, "syscalls": kept}


def _refused(name: str, number: int, args: list[dict[str, Any]]) -> dict[str, Any]:
    return {"names": [name], "action": "SCMP_ACT_ERRNO", "errnoRet": number, "args": args}


def _compare(index: int, how: str, value: int) -> dict[str, Any]:
    return {"index": index, "value": value, "valueTwo": 0, "op": f"SCMP_CMP_{how}"}


def _masked(mask: int, value: int, index: int = 0) -> dict[str, Any]:
    return {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}


def _applies(rule: dict[str, Any], arch: str, capabilities: frozenset[str]) -> bool:
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    if includes.get("arches") and arch not in includes["arches"]:
        return False
    if arch in (excludes.get("arches") or ()):
        return False
    if not all(capability in capabilities for capability in includes.get("caps") or ()):
        return False
    return not any(capability in capabilities for capability in excludes.get("caps") or ())
