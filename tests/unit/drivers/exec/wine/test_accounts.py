"""The accounts that a base begins with, as keys of its registry."""

from transom.drivers.exec.wine import registry
from transom.drivers.exec.wine.base import accounts

USER = registry.HEADERS["user"] + '\n[Environment]\n"TEMP"="C:\\\\Users\\\\ContainerAdministrator\\\\Temp"\n'


def made() -> registry.Branch:
    return registry.parse(registry.HEADERS["system"] + registry.print_keys(accounts.keys(USER)))


def test_accounts_have_numbers_and_groups_have_members() -> None:
    branch = made()

    assert branch[r"sam\\accounts\\users\\administrator"].values['"rid"'][1] == "dword:000001f4"
    members = branch[r"sam\\accounts\\groups\\administrators"].values['"members"'][1]
    assert members == rf'str(7):"{accounts.MACHINE_SID}-500\0"'


def test_each_user_has_a_registry_with_paths_of_its_own() -> None:
    branch = made()

    for hive, profile in (("s-1-5-93-2-2", "ContainerUser"), ("default", "Default")):
        value = branch[rf"sam\\hives\\{hive}\\environment"].values['"temp"'][1]
        assert value == rf'"C:\\Users\\{profile}\\Temp"'
