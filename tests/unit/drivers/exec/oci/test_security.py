"""Capabilities and seccomp profiles."""

import base64
import json

import pytest

from transom.drivers.exec.oci import bpf, capabilities, seccomp
from transom.errors import InvalidParameter


def test_default_capabilities_are_dockers() -> None:
    assert capabilities.chosen((), (), privileged=False) == capabilities.DEFAULT


@pytest.mark.parametrize(
    ("add", "drop", "has", "lacks"),
    [
        (("sys_admin",), (), "CAP_SYS_ADMIN", "CAP_SYS_TIME"),
        ((), ("CAP_CHOWN",), "CAP_KILL", "CAP_CHOWN"),
        (("NET_ADMIN",), ("ALL",), "CAP_NET_ADMIN", "CAP_CHOWN"),
        (("NET_ADMIN",), ("NET_ADMIN",), "CAP_KILL", "CAP_NET_ADMIN"),
    ],
)
def test_added_and_dropped(add: tuple[str, ...], drop: tuple[str, ...], has: str, lacks: str) -> None:
    found = capabilities.chosen(add, drop, privileged=False)

    assert has in found
    assert lacks not in found


def test_unknown_capability_is_refused() -> None:
    with pytest.raises(InvalidParameter, match='unknown capability: "CAP_FLY"'):
        capabilities.chosen(("fly",), (), privileged=False)


def test_unconfined_is_no_profile() -> None:
    assert seccomp.profile("unconfined", ()) is None


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"defaultAction": 1}'])
def test_malformed_profile_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="Decoding seccomp profile failed"):
        seccomp.profile(text, ())


def test_rules_for_capabilities_are_there_with_them_only() -> None:
    rule = {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}
    text = json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [rule]})

    with_it, without = seccomp.profile(text, ["CAP_SYS_ADMIN"]), seccomp.profile(text, [])

    assert with_it is not None and with_it["syscalls"] == [{"names": ["mount"], "action": "SCMP_ACT_ALLOW"}]
    assert without is not None and without["syscalls"] == []


def test_compiled_rules_are_a_program_of_whole_instructions() -> None:
    rules = {
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mount", "no_such"], "action": "SCMP_ACT_ERRNO"}],
    }

    compiled = base64.b64decode(bpf.annotation(rules))

    assert compiled
    assert len(compiled) % 8 == 0
    assert bpf.annotation(rules) == bpf.annotation(dict(reversed(rules.items())))


def test_rules_that_cannot_be_compiled_are_left_to_the_runtime() -> None:
    assert bpf.annotation({"defaultAction": "SCMP_ACT_NOTIFY", "syscalls": []}) == ""


@pytest.mark.parametrize("name", ["unshare", "mount", "setns", "fsopen", "move_mount", "keyctl", "reboot", "syslog"])
def test_default_profile_gives_no_more_than_dockers(name: str) -> None:
    rules = seccomp.profile("", capabilities.DEFAULT)

    assert rules is not None
    assert [each["action"] for each in rules["syscalls"] if name in each["names"]] == ["SCMP_ACT_ERRNO"]


def test_default_profile_lets_processes_be_made_but_no_namespaces() -> None:
    rules = seccomp.profile("", capabilities.DEFAULT)

    assert rules is not None
    allowed = [each for each in rules["syscalls"] if "clone" in each["names"] and each["action"] == "SCMP_ACT_ALLOW"]
    assert [each["args"] for each in allowed] == [
        [{"index": 0, "value": 0x7E020000, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]
    ]


def test_default_profile_opens_with_the_capability() -> None:
    rules = seccomp.profile("", [*capabilities.DEFAULT, "CAP_SYS_ADMIN"])

    assert rules is not None
    allowed = {name for each in rules["syscalls"] if each["action"] == "SCMP_ACT_ALLOW" for name in each["names"]}
    assert {"unshare", "mount", "clone", "clone3"} <= allowed
    assert "keyctl" not in allowed


def rules_for(name: str, *, no_suid: bool) -> list[dict[str, object]]:
    rules = seccomp.profile("", capabilities.DEFAULT, no_suid=no_suid)
    assert rules is not None
    return [each for each in rules["syscalls"] if name in each["names"]]


def test_sockets_of_a_hypervisor_are_refused() -> None:
    allowed = [each["args"] for each in rules_for("socket", no_suid=False) if each["action"] == "SCMP_ACT_ALLOW"]

    assert allowed == [[{"index": 0, "value": 40, "valueTwo": 0, "op": "SCMP_CMP_NE"}]]


@pytest.mark.parametrize("name", ["chmod", "fchmod", "fchmodat", "creat", "mknod", "mknodat", "open", "openat"])
def test_no_suid_ties_every_call_that_gives_a_mode_to_the_mode(name: str) -> None:
    assert not any(each.get("args") for each in rules_for(name, no_suid=False))
    assert all(each["args"] for each in rules_for(name, no_suid=True))


def test_no_suid_can_be_compiled() -> None:
    rules = seccomp.profile("", capabilities.DEFAULT, no_suid=True)

    assert rules is not None
    assert bpf.annotation(rules)
