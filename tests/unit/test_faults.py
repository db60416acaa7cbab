"""Fault points do what is armed, in order, and then nothing."""

from collections.abc import Iterator

import pytest

from transom import faults


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    faults._armed.clear()


def test_armed_error_comes_at_its_pass_and_once() -> None:
    faults.arm("here=2*off->error(EIO);there=error(ENOSPC)")

    faults.point("here")
    faults.point("here")
    with pytest.raises(OSError, match="Input/output error"):
        faults.point("here")
    faults.point("here")
    with pytest.raises(OSError, match="No space left"):
        faults.point("there")


@pytest.mark.parametrize("setting", ["here", "here=explode", "here=x*kill", "here=kill->"])
def test_malformed_setting_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="bad fault term"):
        faults.arm(setting)
