"""A container's time zone: what Windows programs find in the registry, and what Wine asks the C library for. Pure.

Wine takes the time from the C library, whose zone is in a file of the container's own state, and looks for the zone's
name in the registry by the rules that it sees there. Without the file the time is UTC.

Source: Microsoft, TIME_ZONE_INFORMATION and REG_TZI_FORMAT; RFC 9636 (the file); POSIX.1, 8.3 (`TZ`).
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from transom.drivers.exec.wine import registry
from transom.drivers.exec.wine.base.contents import LOCAL_ZONE, TIME_ZONES
from transom.drivers.exec.wine.zone_names import ZONES

FILE = "localtime"
"""The file's name in a container's prefix; the base's /etc/localtime leads there."""
CONTROL_KEY = r"System\\ControlSet001\\Control\\TimeZoneInformation"
_KEY_NAME = '"TimeZoneKeyName"'
_FORMAT = struct.Struct("<3i8H8H")
_LAST_WEEK = 5
_EARLIEST = -(1 << 31)
_ABBREVIATIONS = {"Korea Standard Time": "KST", "Tokyo Standard Time": "JST"}
"""By these Wine tells zones apart that have the same rules; others have their offset for one."""


@dataclass(frozen=True, slots=True)
class Change:
    """When the clocks change: the week-th day of a month (week 5: the last), days counted from Sunday."""

    month: int
    week: int
    day: int
    seconds: int
    """After midnight, by the time that ends."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of Windows' with its present rules; biases are minutes from local time to UTC."""

    name: str
    standard_name: str
    daylight_name: str
    standard_bias: int
    daylight_bias: int
    standard: Change | None
    """When standard time begins; None where there is no other."""
    daylight: Change | None
    data: Mapping[str, str]
    """The values of its key in the registry, as they are there."""
    raw: bytes


def zone_name(env: Iterable[str]) -> str:
    """Return the name of the zone that a container's environment asks for by TZ, empty if it does not or is unknown."""
    found = ""
    for entry in env:
        name, _, value = entry.partition("=")
        if name.upper() == "TZ":
            found = ZONES.get(value.removeprefix(":").lower(), "")
    return found


def find(system: str, name: str) -> Zone | None:
    """Return a zone from the text of a registry's HKEY_LOCAL_MACHINE, None if it has none of the name."""
    head = f"[{TIME_ZONES}\\\\{name}]"
    start = system.lower().find(head.lower()) if name else -1
    if start < 0:
        return None
    section = registry.HEADERS["system"] + system[start : system.find("\n\n", start)]
    (key,) = registry.parse(section).values()
    data = {spelling: value for spelling, value in key.values.values()}
    raw = bytes.fromhex(data.get('"TZI"', "").removeprefix("hex:").replace(",", ""))
    if len(raw) != _FORMAT.size:
        return None
    bias, standard_bias, daylight_bias, *dates = _FORMAT.unpack(raw)
    standard, daylight = _change(dates[:8]), _change(dates[8:])
    if standard is None or daylight is None:
        standard = daylight = None
    return Zone(
        name,
        _text(data.get('"Std"', "")),
        _text(data.get('"Dlt"', "")),
        bias + standard_bias,
        bias + daylight_bias,
        standard,
        daylight,
        data,
        raw,
    )


def _text(value: str) -> str:
    return value.removeprefix('"').removesuffix('"')


def _change(date: list[int]) -> Change | None:
    """Return a change that comes each year; zones whose rules are of one year alone have none."""
    year, month, day, week, hour, minute, second, millisecond = date
    if year or not month or not 1 <= week <= _LAST_WEEK:
        return None
    return Change(month, week, day, hour * 3600 + minute * 60 + second + (millisecond > 0))


def own_values(zone: Zone) -> dict[str, Mapping[str, str]]:
    """Return the values that put a zone in force: for programs, and where Wine looks for the zone's name."""
    bias, standard_bias, daylight_bias = struct.unpack_from("<3i", zone.raw)
    text = registry.quoted
    return {
        f"{LOCAL_ZONE}\\\\{zone.name}": zone.data,
        CONTROL_KEY: {
            _KEY_NAME: text(zone.name),
            '"StandardName"': text(zone.standard_name),
            '"DaylightName"': text(zone.daylight_name),
            '"Bias"': _number(bias),
            '"StandardBias"': _number(standard_bias),
            '"DaylightBias"': _number(daylight_bias),
            '"StandardStart"': _hex(zone.raw[12:28]),
            '"DaylightStart"': _hex(zone.raw[28:44]),
        },
    }


def _number(value: int) -> str:
    return f"dword:{value & 0xFFFFFFFF:08x}"


def _hex(data: bytes) -> str:
    return "hex:" + data.hex(",")


def name_in(deltas: Iterable[registry.Delta]) -> str:
    """Return the name of the zone that an image's layers have put in force, empty if none has."""
    found = ""
    for delta in deltas:
        part = delta.branches.get("system")
        for key, values in part.set.items() if part else ():
            if registry.fold(key) == registry.fold(CONTROL_KEY):
                found = next((_text(v) for k, v in values.items() if k.lower() == _KEY_NAME.lower()), found)
    return found


def posix(zone: Zone) -> str:
    """Return a zone as the C library takes it in TZ."""
    text = f"<{_abbreviation(zone, zone.standard_bias)}>{_clock(zone.standard_bias * 60)}"
    if zone.standard is None or zone.daylight is None:
        return text
    text += f"<{_abbreviation(zone, zone.daylight_bias)}>{_clock(zone.daylight_bias * 60)}"
    for change in (zone.daylight, zone.standard):
        text += f",M{change.month}.{change.week}.{change.day}/{_clock(change.seconds)}"
    return text


def _abbreviation(zone: Zone, bias: int) -> str:
    hours, minutes = divmod(abs(bias), 60)
    return _ABBREVIATIONS.get(zone.name, f"{'-' if bias > 0 else '+'}{hours:02}" + (f"{minutes:02}" if minutes else ""))


def _clock(seconds: int) -> str:
    hours, rest = divmod(abs(seconds), 3600)
    return f"{'-' if seconds < 0 else ''}{hours}" + (f":{rest // 60:02}:{rest % 60:02}" if rest else "")


def file(zone: Zone) -> bytes:
    """Return the C library's file of a zone: one change long ago, and the rules since."""
    name = _abbreviation(zone, zone.standard_bias).encode() + b"\0"
    head = b"TZif2".ljust(20, b"\0") + struct.pack(">6I", 0, 0, 0, 1, 1, len(name))
    kind = struct.pack(">BiBB", 0, -zone.standard_bias * 60, 0, 0) + name
    old, new = struct.pack(">i", _EARLIEST), struct.pack(">q", _EARLIEST)
    return head + old + kind + head + new + kind + f"\n{posix(zone)}\n".encode()
