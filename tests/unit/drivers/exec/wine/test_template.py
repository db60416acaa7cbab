"""What of wineboot's registry a base keeps."""

import pytest

from transom.drivers.exec.wine.base.template import system_branch
from transom.drivers.exec.wine.base.zones import with_local_zone
from transom.drivers.exec.wine.registry import HEADERS, parse
from transom.errors import InvalidParameter

INTERFACE = r"Software\\Classes\\Interface"
SERVICES = r"System\\ControlSet001\\Services"


def test_only_com_itself_finds_its_proxies() -> None:
    proxies = "\\\\ProxyStubClsid32"
    text = HEADERS["system"] + "".join(
        f'\n[{INTERFACE}\\\\{{{interface}}}{below}]\n@="x"\n'
        for interface in ("00000131-0000-0000-C000-000000000046", "6D5140C1-7436-11CE-8034-00AA006009FA",
                          "12345678-0000-0000-C000-000000000046")
        for below in ("", proxies)
    )  # fmt: skip
    kept = [key.name for key in parse(system_branch(text, wow64=False)).values() if key.name.startswith(INTERFACE)]

    assert sorted(kept) == [
        rf"{INTERFACE}\\{{00000131-0000-0000-C000-000000000046}}{proxies}",
        rf"{INTERFACE}\\{{6D5140C1-7436-11CE-8034-00AA006009FA}}{proxies}",
    ]


def test_zones_have_their_present_rules_and_utc_is_in_force() -> None:
    version = r"Software\\Microsoft\\Windows NT\\CurrentVersion"
    values = '"MUI_Std"="@tzres.dll,-1"\n"Std"="x"\n"TZI"=hex:00\n'
    text = HEADERS["system"] + "".join(
        f"\n[{version}\\\\Time Zones\\\\{name}]\n{values}"
        for name in ("Tokyo Standard Time", "UTC", "UTC\\\\Dynamic DST")
    )
    branch = parse(system_branch(text, wow64=False))
    named = {key.name.removeprefix(version): sorted(key.values) for key in branch.values()}
    zones = {name: values for name, values in named.items() if name.startswith((r"\\Time Zones\\", r"\\Local Zone\\"))}

    assert zones == {
        name: ['"std"', '"tzi"']
        for name in (r"\\Time Zones\\Tokyo Standard Time", r"\\Time Zones\\UTC", r"\\Local Zone\\UTC")
    }


def test_another_wine_is_refused() -> None:
    path = "\\CurrentVersion\\Time Zones\0".encode("utf-16-le")

    assert with_local_zone(b"a" + path + b"b") == b"a" + "\\CurrentVersion\\Local Zone\0".encode("utf-16-le") + b"b"
    with pytest.raises(InvalidParameter, match="time zones"):
        with_local_zone(path + path)


def test_nothing_starts_with_the_service_control_manager() -> None:
    text = HEADERS["system"] + f'\n[{SERVICES}\\\\PlugPlay]\n"Start"=dword:00000002\n'
    branch = parse(system_branch(text, wow64=False))

    assert branch[f"{SERVICES}\\\\PlugPlay".lower()].values['"start"'] == ('"Start"', "dword:00000003")
