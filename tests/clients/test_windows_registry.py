"""What becomes of a Windows container's registry, by the real docker CLI."""

import pytest
from tests.support.engine import Engine
from tests.support.windows import COMPILER, PROBE

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(600),
]


def keys(engine: Engine, container: str) -> list[str]:
    """Return the lines of `docker diff` that name registry keys."""
    return [line for line in engine.docker("diff", container).out.splitlines() if "HKEY_" in line]


def test_diff_names_the_keys_that_changed(probed: Engine) -> None:
    probed.docker("create", "--name", "fresh", "--network", "none", PROBE, "probe", "wait")
    assert keys(probed, "fresh") == []
    probed.docker("start", "fresh")
    probed.wait_for_log("fresh", "ready")
    for change in (
        r"add HKLM\Software\Transom\Grüße /v Number /d 1 /f",
        r"add HKCU\Environment /v Added /d 1 /f",
        r"delete HKLM\Software\Classes\lnkfile /f",
    ):
        probed.docker("exec", "fresh", "reg", *change.split())

    wanted = [
        r"D HKEY_LOCAL_MACHINE\Software\Classes\lnkfile",
        r"A HKEY_LOCAL_MACHINE\Software\Transom\Grüße",
        r"C HKEY_USERS\S-1-5-93-2-2\Environment",
    ]
    assert keys(probed, "fresh") == wanted
    probed.docker("stop", "-t", "30", "fresh")
    assert keys(probed, "fresh") == wanted


def test_registry_is_kept_by_a_program_that_ends_and_left_alone_by_one_that_changes_nothing(probed: Engine) -> None:
    add = r"reg add HKLM\Software\Transom /v Number /d 7 /f & exit 3"
    done = probed.docker("run", "--name", "ends", "--network", "none", PROBE, "cmd", "/c", add, check=False)
    assert done.code == 3
    probed.docker("commit", "ends", "kept")
    probed.docker("run", "--name", "looks", "--network", "none", "kept", "cmd", "/c", "probe exit 0")
    told = probed.docker("run", "--rm", "--network", "none", "kept", "reg", "query", r"HKLM\Software\Transom").out
    probed.docker("rm", "ends", "looks")
    probed.docker("rmi", "kept")

    assert told.split()[-3:] == ["Number", "REG_SZ", "7"]
