"""What the machine tells of itself, against other programs that tell the same."""

import subprocess
from pathlib import Path

from transom.host.cgroup import Hierarchy, detect
from transom.host.machine import filesystem_of, forwards_ipv4, limits_swap, program_version


def _said(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_file_system_is_the_one_that_findmnt_names(tmp_path: Path) -> None:
    for path in (str(tmp_path), "/proc", "/dev/shm"):
        assert filesystem_of(path) == _said("findmnt", "-n", "-o", "FSTYPE", "--target", path).splitlines()[-1]


def test_file_system_of_what_is_not_there_is_unknown(tmp_path: Path) -> None:
    assert filesystem_of(str(tmp_path / "none")) == ""


def test_forwarding_is_what_sysctl_says() -> None:
    assert forwards_ipv4() == (_said("sysctl", "-n", "net.ipv4.ip_forward") == "1")


def test_swap_cannot_be_limited_without_the_memory_controller() -> None:
    assert limits_swap(Hierarchy(False, False, ("cpu",))) is False
    assert isinstance(limits_swap(detect()), bool)


async def test_version_of_a_program_is_read_from_its_words(tmp_path: Path) -> None:
    for name, text in (("a", "runc version 1.1.5+ds1"), ("b", "conmon version 2.1.6\\ncommit: x"), ("c", "no words")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nprintf '{text}\\n'\n")
        program.chmod(0o755)
    assert await program_version(str(tmp_path / "a")) == "1.1.5+ds1"
    assert await program_version(str(tmp_path / "b")) == "2.1.6"
    assert await program_version(str(tmp_path / "c")) == ""
    assert await program_version(str(tmp_path / "none")) == ""
