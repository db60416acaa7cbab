"""Which driver runs what."""

import pytest

from transom.errors import InvalidParameter, NotSupported
from transom.execution.select import select_driver

RUNTIMES = {"crun": "", "runc": "runc"}


@pytest.mark.parametrize(
    ("os", "isolation", "runtime", "driver"),
    [
        ("linux", "", "", "oci"),
        ("linux", "default", "crun", "oci"),
        ("linux", "process", "runc", "oci-runc"),
        ("windows", "", "", "wine"),
        ("windows", "Process", "runc", "wine-runc"),
    ],
)
def test_table(os: str, isolation: str, runtime: str, driver: str) -> None:
    assert select_driver(os, isolation, runtime, RUNTIMES) == driver


def test_microvm_is_not_there_yet() -> None:
    with pytest.raises(NotSupported, match="--isolation=hyperv"):
        select_driver("windows", "hyperv", "", RUNTIMES)


def test_unknown_runtime_names_the_known() -> None:
    with pytest.raises(InvalidParameter, match=r"nvidia.*crun, runc"):
        select_driver("linux", "", "nvidia", RUNTIMES)
