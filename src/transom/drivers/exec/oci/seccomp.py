"""Seccomp profiles in the format that Docker and Podman share, turned into the runtime's.

The default profile is that of Debian's golang-github-containers-common, kept up by Podman's authors, without what
Docker's does not let containers do either.
Source: containers/common docs, "containers-seccomp.json"; OCI runtime-spec config-linux.md#seccomp.
"""

import errno
import json
import platform
from collections.abc import Sequence
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
_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}


def profile(text: str, capabilities: Sequence[str]) -> dict[str, Any] | None:
    """Return the runtime's `linux.seccomp` for a container with these capabilities, None for `unconfined`.

    text is empty for the default profile, `unconfined`, or a profile's JSON.

    Raises:
        InvalidParameter: text is no profile.
    """
    if text == "unconfined":
        return None
    if not text:
        return _default(tuple(sorted(capabilities)))
    return _resolve(_parse(text), frozenset(capabilities))


@lru_cache(maxsize=16)
def _default(capabilities: tuple[str, ...]) -> dict[str, Any] | None:
    for path in PROFILE_PATHS:
        try:
            with open(path, encoding="utf-8") as file:
                return _closed(_resolve(_parse(file.read()), frozenset(capabilities)), capabilities)
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
    withheld = set(_KEYS)
    if "CAP_SYS_ADMIN" not in capabilities:
        withheld |= {*_NAMESPACES, "clone", "clone3"}
        if "CAP_SYSLOG" not in capabilities:
            withheld.add("syslog")
    if "CAP_SYS_BOOT" not in capabilities:
        withheld.add("reboot")
    kept = []
    for rule in rules["syscalls"]:
        names = [name for name in rule["names"] if name not in withheld]
        if names:
            kept.append({**rule, "names": names})
    refused = sorted(withheld - {"clone", "clone3"})
    kept.append({"names": refused, "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM})
    if "clone" in withheld:
        kept += [
            {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [_masked(sum(_CLONE_FLAGS), 0)]},
            # Its flags lie in memory, where no rule sees them: libraries take clone instead, when there is no clone3.
            {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.ENOSYS},
        ]
        for flag in _CLONE_FLAGS:
            args = [_masked(flag, flag)]
            kept.append({"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno.EPERM, "args": args})
    return {**rules, "syscalls": kept}


def _masked(mask: int, value: int) -> dict[str, Any]:
    return {"index": 0, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}


def _applies(rule: dict[str, Any], arch: str, capabilities: frozenset[str]) -> bool:
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    if includes.get("arches") and arch not in includes["arches"]:
        return False
    if arch in (excludes.get("arches") or ()):
        return False
    if not all(capability in capabilities for capability in includes.get("caps") or ()):
        return False
    return not any(capability in capabilities for capability in excludes.get("caps") or ())
