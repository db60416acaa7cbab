"""Accounts of a Windows container: made by `net`, kept in images, asked for by USER, --user and programs."""

from pathlib import Path

import pytest
from tests.support.engine import WINDOWS, Engine
from tests.support.windows import COMPILER

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(600),
]
IMAGE = "accounts:latest"
DOCKERFILE = f"""# escape=`
FROM {WINDOWS}
USER ContainerAdministrator
RUN net user tester Pa55word /add /comment:"makes tests" && `
    net user helper Pa55word /add && net localgroup Administrators helper /add && `
    net localgroup testers /add && net localgroup testers tester /add
USER tester
RUN setx SEEN yes && setx PATH C:\\own && `
    reg add HKCU\\Software\\Own /v Value /d tester && echo kept> %USERPROFILE%\\kept.txt
"""
ON_NO_NETWORK = ("run", "--rm", "--network", "none")


@pytest.fixture(scope="module")
def made(shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine with an image that has accounts of its own."""
    shared_engine.ensure_base()
    context = tmp_path_factory.mktemp("accounts")
    (context / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    shared_engine.docker("build", "-t", IMAGE, str(context))
    return shared_engine


def cmd(engine: Engine, line: str, *options: str, image: str = IMAGE) -> str:
    return engine.docker(*ON_NO_NETWORK, *options, image, "cmd", "/c", line).out.replace("\r", "")


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of a CSV that whoami prints, by their first field."""
    fields = [line.strip('"').split('","') for line in text.splitlines() if line.startswith('"')]
    return {each[0]: each[1:] for each in fields}


def test_user_of_an_image_is_one_that_a_run_has_made(engine: Engine, made: Engine) -> None:
    told = cmd(
        made, "whoami & echo %USERNAME% %USERPROFILE% & reg query HKCU\\Software\\Own /v Value & echo %SEEN% %PATH%"
    )
    name, *rest = told.splitlines()

    assert name.endswith("\\tester")
    assert rest[0] == "tester C:\\Users\\tester "
    assert "    Value    REG_SZ    tester" in rest
    assert rest[-1].startswith("yes C:\\windows")
    assert rest[-1].endswith(";C:\\own")
    assert cmd(made, "type %USERPROFILE%\\kept.txt") == "kept\n"


def test_accounts_travel_with_an_archive(engine: Engine, made: Engine, tmp_path: Path) -> None:
    archive = str(tmp_path / "image.tar")
    made.docker("save", "-o", archive, IMAGE)
    before = cmd(made, "whoami /user /fo csv /nh")
    made.docker("tag", IMAGE, "accounts:kept")
    made.docker("rmi", IMAGE)
    made.docker("load", "-i", archive)

    assert cmd(made, "whoami /user /fo csv /nh").split(",")[1] == before.split(",")[1]
    made.docker("rmi", "accounts:kept")


def test_registry_of_a_user_is_its_own(engine: Engine, made: Engine) -> None:
    for user in ("ContainerAdministrator", "ContainerUser", "helper"):
        asked = made.docker(
            *ON_NO_NETWORK, "--user", user, IMAGE, "reg", "query", "HKCU\\Software\\Own", "/v", "Value", check=False
        )
        assert asked.code == 1, user


def test_groups_and_rights_follow_the_account(engine: Engine, made: Engine) -> None:
    groups = {
        user: rows(cmd(made, "whoami /groups /fo csv /nh", "--user", user))
        for user in ("tester", "helper", "ContainerUser", "ContainerAdministrator")
    }

    assert [user for user, each in groups.items() if "BUILTIN\\Administrators" in each] == [
        "helper", "ContainerAdministrator",
    ]  # fmt: skip
    assert [user for user, each in groups.items() if "Mandatory Label\\High Mandatory Level" in each] == [
        "helper", "ContainerAdministrator",
    ]  # fmt: skip
    assert [user for user, each in groups.items() if any(name.endswith("\\testers") for name in each)] == ["tester"]


@pytest.mark.parametrize(
    ("user", "name", "sid"),
    [
        ("ContainerAdministrator", "user manager\\containeradministrator", "S-1-5-93-2-1"),
        ("ContainerUser", "user manager\\containeruser", "S-1-5-93-2-2"),
        ("S-1-5-93-2-2", "user manager\\containeruser", "S-1-5-93-2-2"),
        ("User Manager\\ContainerUser", "user manager\\containeruser", "S-1-5-93-2-2"),
    ],
)
def test_users_of_containers_are_windows_own(engine: Engine, made: Engine, user: str, name: str, sid: str) -> None:
    assert cmd(made, "whoami & whoami /user /fo csv /nh", "--user", user) == f'{name}\n"{name}","{sid}"\n'


def test_exec_is_of_the_containers_user_or_of_another(engine: Engine, made: Engine) -> None:
    made.docker("run", "-d", "--network", "none", "--name", "waits", IMAGE, "cmd", "/c", "ping -n 1000 127.0.0.1")
    at = made.docker("exec", "waits", "hostname").out.strip().lower()

    assert made.docker("exec", "waits", "whoami").out.strip() == f"{at}\\tester"
    assert made.docker("exec", "-u", "helper", "waits", "whoami").out.strip() == f"{at}\\helper"
    assert made.docker("exec", "-u", "ContainerUser", "waits", "whoami").out.strip() == "user manager\\containeruser"
    admin = ("exec", "-u", "ContainerAdministrator", "waits")
    made.docker(*admin, "net", "user", "later", "Pa55word", "/add")
    assert made.docker("exec", "-u", "later", "waits", "whoami").out.strip() == f"{at}\\later"
    made.docker(*admin, "net", "user", "later", "/active:no")
    disabled = made.docker("exec", "-u", "later", "waits", "whoami", check=False)
    assert disabled.code != 0
    assert "(0x533)" in disabled.out + disabled.err
    made.docker(*admin, "net", "user", "later", "/delete")
    gone = made.docker("exec", "-u", "later", "waits", "whoami", check=False)
    assert "The user name or password is incorrect. (0x52e)" in gone.out + gone.err


def test_unknown_user_is_refused_and_nothing_is_left(engine: Engine, made: Engine) -> None:
    refused = made.docker("run", "--network", "none", "--name", "no", "--user", "nobody", IMAGE, "whoami", check=False)

    assert refused.code in (125, 126, 127, 128)
    assert "The user name or password is incorrect. (0x52e)" in refused.err
    assert made.docker("inspect", "-f", "{{.State.Status}}", "no").out.strip() == "created"


def test_commit_keeps_accounts(engine: Engine, made: Engine) -> None:
    admin = ("--network", "none", "--user", "ContainerAdministrator")
    made.docker("run", "--name", "changes", *admin, IMAGE, "net", "user", "committed", "Pa55word", "/add")
    made.docker("commit", "changes", "accounts:committed")
    try:
        listed = cmd(made, "net user", image="accounts:committed")
        assert {"committed", "helper", "tester", "ContainerUser"} & set(listed.split()) == {
            "committed", "helper", "tester",
        }  # fmt: skip
    finally:
        made.docker("rm", "changes")
        made.docker("rmi", "accounts:committed")


@pytest.mark.parametrize(
    ("line", "text", "code"),
    [
        ("net user tester Pa55word /add", "The account already exists.", 2),
        ("net user nosuch /delete", "The user name could not be found.", 2),
        ("net localgroup nosuch tester /add", "System error 1376 has occurred.", 2),
        ("net localgroup testers nosuch /add", "There is no such global user or group: nosuch.", 2),
        ("net nonsense", "The syntax of this command is:", 1),
        ("whoami /nonsense", "ERROR: Invalid argument/option - '/nonsense'.", 1),
    ],
)
def test_what_cannot_be_fails_as_on_windows(engine: Engine, made: Engine, line: str, text: str, code: int) -> None:
    run = (*ON_NO_NETWORK, "--user", "ContainerAdministrator", IMAGE, "cmd", "/c", line)
    done = made.docker(*run, check=False)

    assert done.code == code, done
    assert text in (done.out + done.err).replace("\r", "")
