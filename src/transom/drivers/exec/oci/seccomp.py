"""Seccomp profiles in the format that Docker and Podman share, turned into the runtime's.

The default profile is that of Debian's golang-github-containers-common, kept up by Podman's authors.
Source: containers/common docs, "containers-seccomp.json"; OCI runtime-spec config-linux.md#seccomp.
"""

import json
import platform
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from transom.errors import InvalidParameter

PROFILE_PATHS = ("/etc/containers/seccomp.json", "/usr/share/containers/seccomp.json")

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
                return _resolve(_parse(file.read()), frozenset(capabilities))
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


def _applies(rule: dict[str, Any], arch: str, capabilities: frozenset[str]) -> bool:
    includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
    if includes.get("arches") and arch not in includes["arches"]:
        return False
    if arch in (excludes.get("arches") or ()):
        return False
    if not all(capability in capabilities for capability in includes.get("caps") or ()):
        return False
    return not any(capability in capabilities for capability in excludes.get("caps") or ())
