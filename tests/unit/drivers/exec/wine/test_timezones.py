"""Time zones of containers: names, rules from the registry's bytes, the C library's file."""

import struct
import time
from pathlib import Path

import pytest

from transom.drivers.exec.wine import timezones
from transom.drivers.exec.wine.base.contents import TIME_ZONES

BERLIN = "W. Europe Standard Time"
RULES = struct.pack("<3i8H8H", -60, 0, -60, 0, 10, 0, 5, 3, 0, 0, 0, 0, 3, 0, 5, 2, 0, 0, 0)
NOON_OF_JANUARY_1, NOON_OF_JULY_1 = 1_767_268_800, 1_782_907_200  # of 2026, UTC


def system(name: str, rules: bytes) -> str:
    data = f'"Display"="d"\n"Dlt"="Summer"\n"Std"="Winter"\n"TZI"=hex:{rules.hex(",")}\n'
    return f"WINE REGISTRY Version 2\n\n[{TIME_ZONES}\\\\{name}]\n{data}\n[Other]\n\n"


@pytest.mark.parametrize(
    ("env", "name"),
    [
        (["A=1", "TZ=Europe/Berlin"], BERLIN),
        (["tz=europe/vienna"], BERLIN),
        (["TZ=:Asia/Tokyo"], "Tokyo Standard Time"),
        ([f"TZ={BERLIN}"], BERLIN),
        (["TZ=UTC"], "UTC"),
        (["TZ=Moon/Base"], ""),
        ([], ""),
    ],
)
def test_zone_of_an_environment(env: list[str], name: str) -> None:
    assert timezones.zone_name(env) == name


def test_rules_become_the_c_librarys() -> None:
    zone = timezones.find(system(BERLIN, RULES), BERLIN)
    assert zone is not None
    assert timezones.posix(zone) == "<+01>-1<+02>-2,M3.5.0/2,M10.5.0/3"
    values = timezones.own_values(zone)[timezones.CONTROL_KEY]
    assert values['"TimeZoneKeyName"'] == f'"{BERLIN}"'
    assert values['"Bias"'] == "dword:ffffffc4"


def test_file_is_understood_by_the_c_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = timezones.find(system(BERLIN, RULES), BERLIN)
    assert zone is not None
    (tmp_path / "zone").write_bytes(timezones.file(zone))
    with monkeypatch.context() as patched:
        patched.setenv("TZ", f":{tmp_path}/zone")
        time.tzset()
        hours = [time.localtime(moment).tm_hour for moment in (NOON_OF_JANUARY_1, NOON_OF_JULY_1)]
    time.tzset()
    assert hours == [13, 14]


@pytest.mark.parametrize("rules", [b"", RULES[:-1], RULES + b"x"])
def test_zone_with_other_data_is_none(rules: bytes) -> None:
    assert timezones.find(system("Odd", rules), "Odd") is None
    assert timezones.find(system("Odd", RULES), "Even") is None


def test_zone_without_summer_time() -> None:
    zone = timezones.find(system("Nepal Standard Time", struct.pack("<3i32x", -345, 0, -60)), "Nepal Standard Time")
    assert zone is not None
    assert timezones.posix(zone) == "<+0545>-5:45:00"
