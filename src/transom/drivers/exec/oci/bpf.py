"""Seccomp rules compiled once, by libseccomp, into the program that the kernel takes.

A runtime compiles the default profile at every start, which takes longer than everything else it does (20 ms of 36
where this was measured). crun takes a compiled program by an annotation; any other runtime ignores that and compiles
the rules, which stay in the bundle. Source: man pages seccomp_init(3), seccomp_rule_add(3), seccomp_export_bpf(3);
crun(1), `run.oci.seccomp_bpf_data`.
"""

import base64
import ctypes
import json
import logging
import os
from collections import deque
from functools import lru_cache
from typing import Any

ANNOTATION = "run.oci.seccomp_bpf_data"

log = logging.getLogger(__name__)

_ERRNO, _TRACE = 0x00050000, 0x7FF00000
_ACTIONS = {
    "SCMP_ACT_ALLOW": 0x7FFF0000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_KILL": 0x00000000,
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
}
_COMPARE = {
    name: number
    for number, name in enumerate(
        (
            "SCMP_CMP_NE",
            "SCMP_CMP_LT",
            "SCMP_CMP_LE",
            "SCMP_CMP_EQ",
            "SCMP_CMP_GE",
            "SCMP_CMP_GT",
            "SCMP_CMP_MASKED_EQ",
        ),
        start=1,
    )
}
_EPERM = 1
_OPTIMIZE, _BINARY_TREE = 8, 2
_UNKNOWN = -1


class _Compare(ctypes.Structure):
    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


class _Refused(Exception):
    """libseccomp does not take a rule; the runtime shall say what is wrong with it."""


def annotation(rules: dict[str, Any]) -> str:
    """Return the compiled rules for ANNOTATION; empty where they cannot be compiled here.

    rules must not be changed afterwards: the same ones are known again without a look at them.
    """
    for known, compiled in _known:
        if known is rules:
            return compiled
    compiled = _annotation(json.dumps(rules, sort_keys=True))
    _known.append((rules, compiled))
    return compiled


_known: deque[tuple[dict[str, Any], str]] = deque(maxlen=8)


@lru_cache(maxsize=64)
def _annotation(text: str) -> str:
    library = _library()
    if library is None:
        return ""
    try:
        return base64.b64encode(_compile(library, json.loads(text))).decode("ascii")
    except _Refused as exc:
        log.info("a seccomp profile is left to the runtime to compile", extra={"reason": str(exc)})
        return ""


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_release.argtypes = [ctypes.c_void_p]
    library.seccomp_arch_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    library.seccomp_arch_resolve_name.restype = ctypes.c_uint32
    library.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
    library.seccomp_export_bpf.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.seccomp_rule_add_array.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.POINTER(_Compare),
    ]  # fmt: skip
    return library


def _action(name: str, errno: int | None) -> int:
    if name == "SCMP_ACT_ERRNO":
        return _ERRNO | (_EPERM if errno is None else errno)
    if name == "SCMP_ACT_TRACE":
        return _TRACE | (_EPERM if errno is None else errno)
    if name not in _ACTIONS:
        raise _Refused(f"action {name}")
    return _ACTIONS[name]


def _compile(library: ctypes.CDLL, rules: dict[str, Any]) -> bytes:
    default = _action(rules["defaultAction"], rules.get("defaultErrnoRet"))
    context = library.seccomp_init(ctypes.c_uint32(default))
    if not context:
        raise _Refused("default action")
    try:
        library.seccomp_attr_set(context, _OPTIMIZE, _BINARY_TREE)
        for name in rules.get("architectures", ()):
            token = library.seccomp_arch_resolve_name(name.removeprefix("SCMP_ARCH_").lower().encode())
            if token:
                library.seccomp_arch_add(context, token)  # -EEXIST for the native one, which is there already
        for rule in rules.get("syscalls", ()):
            action = _action(rule["action"], rule.get("errnoRet"))
            if action != default:
                _add(library, context, action, rule)
        return _export(library, context)
    finally:
        library.seccomp_release(context)


def _add(library: ctypes.CDLL, context: int, action: int, rule: dict[str, Any]) -> None:
    compares = [
        _Compare(each["index"], _COMPARE[each["op"]], each["value"], each.get("valueTwo", 0))
        for each in rule.get("args") or ()
    ]
    # Two comparisons of one argument mean either (runtime-spec), which libseccomp takes as two rules.
    alone = len({each.arg for each in compares}) < len(compares)
    groups = [[each] for each in compares] if alone else [compares]
    for name in rule["names"]:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number == _UNKNOWN:
            continue
        for group in groups:
            array = (_Compare * len(group))(*group)
            if library.seccomp_rule_add_array(context, action, number, len(group), array) < 0:
                raise _Refused(f"rule for {name}")


def _export(library: ctypes.CDLL, context: int) -> bytes:
    fd = os.memfd_create("seccomp")
    with open(fd, "rb") as file:
        if library.seccomp_export_bpf(context, fd) < 0:
            raise _Refused("export")
        file.seek(0)
        return file.read()
