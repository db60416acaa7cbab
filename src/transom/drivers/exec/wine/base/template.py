"""The registry that every container of a base starts from: wineboot's, without what is slow or one machine's. Pure."""

import re

from transom.drivers.exec.wine.base import contents
from transom.drivers.exec.wine.registry import Branch, Key, fold, is_within, parse, print_branch, quoted, without

_SYSTEM_VALUES = {
    # Programs ask for these early; what is not here is a failed look-up, which costs little.
    r"Software\\Wine\\Drivers": {"Graphics": "null", "Audio": ""},
    r"System\\ControlSet001\\Control\\ProductOptions": {"ProductType": "ServerNT"},
    r"System\\ControlSet001\\Services\\Tcpip\\Parameters": {"Domain": "", "SearchList": ""},
    # Wine writes these as a program's first window or clock needs them: then they would be in every layer.
    r"Software\\Classes\\Wow6432Node": {},
    r"Software\\Microsoft\\Windows NT\\CurrentVersion\\Fonts": {
        "Courier": "coure.fon",
        "MS Sans Serif": "sserife.fon",
        "MS Serif": "serife.fon",
        "Small Fonts": "smalle.fon",
    },
    r"System\\ControlSet001\\Control\\TimeZoneInformation": {
        "StandardName": "Coordinated Universal Time",
        "TimeZoneKeyName": "UTC",
    },
    r"System\\ControlSet001\\Hardware Profiles\\Current\\Software\\Fonts": {
        "FIXEDFON.FON": "vgafix.fon",
        "FONTS.FON": "vgasys.fon",
        "OEMFONT.FON": "vga850.fon",
    },
}
_USER_VALUES = {
    r"Software\\Wine\\Drivers": {"Graphics": "null", "Audio": ""},
    # The code pages that the fonts were chosen for: with others here, every first window chooses them anew.
    r"Software\\Wine\\Fonts": {"Codepages": "65001,65001"},
}
_INTERFACES = r"Software\\Classes\\Interface"
_CORE_INTERFACE = re.compile(
    # What COM's own parts ask of each other across processes, and what automation does.
    re.escape(fold(_INTERFACES) + r"\\{")
    + r"(000[0-2]....-0000-0000-c000-000000000046|6d5140c1-[^}]*)\}\\\\proxystubclsid32"
)
_ON_DEMAND = ("Eventlog", "MountMgr", "NDIS", "nsiproxy", "PlugPlay")
"""Services that would start with the service control manager: what they do is done without them, or can wait."""
_STORES: dict[str, dict[str, str]] = {
    # A program that asks for a certificate makes these: then they would be in its layer.
    rf"Software\\Microsoft\\SystemCertificates\\{store}\\{kind}": {}
    for store in ("CA", "My", "Root", "Trust")
    for kind in ("CRLs", "CTLs", "Certificates")
}
_DROPPED_USER = (r"Software\\Wine\\Drivers", r"Software\\Wine\\Debug")


def system_branch(text: str, *, wow64: bool) -> str:
    """Return a base's system.reg from the one that wineboot wrote."""
    branch = parse(text)
    interfaces = {path: key for path, key in branch.items() if _CORE_INTERFACE.fullmatch(path)}
    removed = list(contents.REMOVED_KEYS)
    if not wow64:
        removed += [r"Software\\Wow6432Node", r"Software\\Classes\\Wow6432Node"]
    branch = without(branch, removed) | interfaces
    branch = _with_lean_zones(branch)
    for name, values in contents.REMOVED_VALUES.items():
        found = branch.get(fold(name))
        if found:
            for value in values:
                found.values.pop(fold(value), None)
    for key in branch.values():
        for value in contents.TIMES:
            key.values.pop(fold(value), None)
    for service in _ON_DEMAND:
        found = branch.get(fold(r"System\\ControlSet001\\Services\\" + service))
        if found:
            found.values[fold('"Start"')] = ('"Start"', "dword:00000003")
    _set(branch, _SYSTEM_VALUES | _STORES)
    return _with_user_directory(print_branch("system", branch))


def _with_lean_zones(branch: Branch) -> Branch:
    """Leave out of the time zones what past years had, and names in DLLs; and put UTC in force."""
    zones = fold(contents.TIME_ZONES)
    kept = {path: key for path, key in branch.items() if not (is_within(path, zones) and path.endswith("dynamic dst"))}
    for path, key in kept.items():
        if is_within(path, zones):
            key.values = {name: value for name, value in key.values.items() if not name.startswith('"mui_')}
    utc = kept.get(f"{zones}\\\\{fold(contents.UTC_ZONE)}")
    if utc:
        local = f"{contents.LOCAL_ZONE}\\\\{contents.UTC_ZONE}"
        kept[fold(local)] = Key(local, (), dict(utc.values))
    return kept


def user_branch(text: str) -> str:
    """Return a base's user.reg from the one that wineboot wrote."""
    branch = without(parse(text), _DROPPED_USER)
    _set(branch, _USER_VALUES | _STORES)
    return _with_user_directory(print_branch("user", branch))


def _set(branch: Branch, values: dict[str, dict[str, str]]) -> None:
    for name, entries in values.items():
        key = branch.setdefault(fold(name), Key(name))
        for value, text in entries.items():
            key.values[fold(quoted(value))] = (quoted(value), quoted(text))


def _with_user_directory(text: str) -> str:
    """Spell the profiles' directory as Windows does; the profile of the user who builds is the administrator's."""
    for old in (r"C:\\users\\root", r"C:\\users\\ContainerAdministrator"):
        text = text.replace(old, r"C:\\Users\\ContainerAdministrator")
    return text.replace(r"C:\\users", r"C:\\Users")
