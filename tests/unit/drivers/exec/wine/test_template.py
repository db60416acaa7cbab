"""What of wineboot's registry a base keeps."""

from transom.drivers.exec.wine.base.template import system_branch
from transom.drivers.exec.wine.registry import HEADERS, parse

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


def test_nothing_starts_with_the_service_control_manager() -> None:
    text = HEADERS["system"] + f'\n[{SERVICES}\\\\PlugPlay]\n"Start"=dword:00000002\n'
    branch = parse(system_branch(text, wow64=False))

    assert branch[f"{SERVICES}\\\\PlugPlay".lower()].values['"start"'] == ('"Start"', "dword:00000003")
