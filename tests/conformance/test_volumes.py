"""Volumes: made, filled, shared, kept, removed."""

import json
from pathlib import Path

import pytest
from tests.conformance.conftest import Door

pytestmark = [pytest.mark.root, pytest.mark.needs("crun", "conmon", "busybox")]


def test_new_volume_has_what_the_image_has_there(docker_: Door) -> None:
    show = "ls /etc; stat -c '%a %u' /etc/passwd"

    plain = docker_.ok("run", "--rm", "busybox", "sh", "-c", "ls /etc | grep -v -E 'hosts|hostname|resolv|mtab'")
    filled = docker_.ok("run", "--rm", "-v", "filled:/etc", "busybox", "sh", "-c", show)
    empty = docker_.ok("run", "--rm", "-v", "empty:/etc:nocopy", "busybox", "sh", "-c", "ls /etc/passwd || echo none")

    assert set(plain.split()) <= set(filled.split())
    assert empty == "none\n"


def test_volume_above_the_engines_files_does_not_hide_them(docker_: Door) -> None:
    script = "grep -c localhost /etc/hosts; cat /etc/hostname"
    options = ["--hostname", "me", "-v", "etc:/etc"]

    assert docker_.ok("run", "--rm", *options, "busybox", "sh", "-c", script).endswith("me\n")


def test_volume_that_is_not_empty_is_left_as_it_is(docker_: Door) -> None:
    docker_.ok("run", "--rm", "-v", "mine:/x", "busybox", "touch", "/x/file")

    found = docker_.ok("run", "--rm", "-v", "mine:/etc", "busybox", "ls", "/etc").split()

    assert "file" in found
    assert "passwd" not in found


def test_volume_in_use_is_not_removed(docker_: Door) -> None:
    container = docker_.ok("create", "-v", "used:/x", "busybox").strip()

    done = docker_("volume", "rm", "used")

    assert done.code == 1
    assert f"remove used: volume is in use - [{container}]" in done.err


def test_anonymous_volume_goes_with_its_container(docker_: Door) -> None:
    docker_.ok("run", "--rm", "-v", "/x", "busybox", "true")
    docker_.ok("run", "--name", "stays", "-v", "/x", "busybox", "true")
    assert len(docker_.ok("volume", "ls", "-q").split()) == 1

    docker_.ok("rm", "-v", "stays")

    assert docker_.ok("volume", "ls", "-q") == ""


def test_prune_takes_anonymous_volumes_unless_told_to_take_all(docker_: Door) -> None:
    docker_.ok("volume", "create", "named")
    docker_.ok("run", "--name", "one", "-v", "/x", "busybox", "true")
    docker_.ok("rm", "one")

    api = docker_.client().api  # docker before 23 speaks API 1.41, which takes all, and has no -a
    api.prune_volumes()
    assert docker_.ok("volume", "ls", "-q") == "named\n"
    api.prune_volumes(filters={"all": "true"})

    assert docker_.ok("volume", "ls", "-q") == ""


def test_volume_is_found_by_label_name_and_use(docker_: Door) -> None:
    docker_.ok("volume", "create", "--label", "a=b", "one")
    docker_.ok("volume", "create", "two")
    docker_.ok("create", "-v", "two:/x", "busybox")

    def ls(filter_: str) -> list[str]:
        return docker_.ok("volume", "ls", "-q", "--filter", filter_).split()

    assert ls("label=a=b") == ["one"]
    assert ls("label=a=c") == []
    assert ls("name=tw") == ["two"]
    assert ls("dangling=true") == ["one"]
    assert ls("dangling=false") == ["two"]
    shown = json.loads(docker_.ok("volume", "inspect", "one"))[0]
    assert (shown["Name"], shown["Driver"], shown["Scope"], shown["Labels"]) == ("one", "local", "local", {"a": "b"})
    assert Path(shown["Mountpoint"]).name == "_data"


def test_volume_of_a_host_directory_shows_it(docker_: Door, tmp_path: Path) -> None:
    if not docker_.is_ours:
        pytest.skip("somebody else's engine may not see our directory")
    (tmp_path / "file").write_text("of the host\n")
    device = f"device={tmp_path}"
    docker_.ok("volume", "create", "-o", "type=none", "-o", "o=bind", "-o", device, "bound")

    assert docker_.ok("run", "--rm", "-v", "bound:/x", "busybox", "cat", "/x/file") == "of the host\n"
    docker_.ok("volume", "rm", "bound")
    assert (tmp_path / "file").exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["create", "x"], "create x: volume name is too short, names should be at least two alphanumeric characters"),
        (["create", "a b"], 'create a b: "a b" includes invalid characters for a local volume name'),
        (["create", "--driver", "foo", "qq"], 'plugin "foo" not found'),
        (["create", "-o", "nope=1", "qq"], "invalid option"),
        (["rm", "nosuch"], "o such volume"),
        (["ls", "--filter", "nope=1"], "invalid filter 'nope'"),
    ],
)
def test_volume_command_that_cannot_be_says_why(docker_: Door, arguments: list[str], text: str) -> None:
    done = docker_("volume", *arguments)

    assert done.code == 1
    assert text in done.err


def test_disk_usage_counts_a_volume(docker_: Door) -> None:
    docker_.ok("run", "--name", "it", "-v", "big:/x", "busybox", "sh", "-c", "head -c 1000000 /dev/zero > /x/file")

    shown = {
        each["Type"]: each
        for each in map(json.loads, docker_.ok("system", "df", "--format", "{{json .}}").splitlines())
    }

    assert shown["Local Volumes"]["Size"] == "1MB"
    assert shown["Local Volumes"]["Active"] == "1"
    assert shown["Images"]["Active"] == "1"
