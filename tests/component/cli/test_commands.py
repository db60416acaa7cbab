"""Ways to a command and out of it: what is wrong with a command line, and what an engine that is away means."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.component.cli.conftest import TRANSOM, Run
from tests.component.cli.fake_engine import FakeEngine

from transom.cli import tree
from transom.cli.command import Command
from transom.cli.help import command_help, group_help, program_help
from transom.client.endpoint import Endpoint
from transom.client.errors import AccessDenied, ConnectionFailed

HEAVY = {"aiohttp", "asyncio", "click", "rich", "msgspec", "ssl", "subprocess", "http.client", "tarfile", "email"}


@pytest.mark.parametrize(
    ("argv", "code", "text"),
    [
        (["foo"], 1, "transom: unknown command: transom foo\n\nRun 'transom --help' for more information\n"),
        (["container", "foo"], 1, "transom: unknown command: transom container foo\n\nUsage:  transom container\n\n"),
        (["--foo", "ps"], 125, "unknown flag: --foo\n\nUsage:  transom [OPTIONS] COMMAND [ARG...]\n\n"),
        (["ps", "--foo"], 125, "unknown flag: --foo\n\nUsage:  transom ps [OPTIONS]\n\nRun 'transom ps --help'"),
        (["ps", "x"], 1, "transom: 'transom ps' accepts no arguments\n\nUsage:  transom ps [OPTIONS]\n\nRun 'transom"),
        (["run"], 1, "transom: 'transom run' requires at least 1 argument\n\nUsage:  transom run [OPTIONS] IMAGE"),
        (["rename", "a"], 1, "transom: 'transom rename' requires 2 arguments\n\n"),
        (["rm", "gone"], 1, "Error response from daemon: No such container: ['gone']\n"),
        (["-H", "unix:///a", "-H", "unix:///b", "ps"], 1, "specify only one -H\n"),
        (
            ["-H", "unix:///nonexistent.sock", "ps"],
            1,
            "Cannot connect to the Docker daemon at unix:///nonexistent.sock.",
        ),
        (["--context", "gone", "ps"], 1, 'context "gone": context not found'),
        (["run", "-p", "x:1", "image"], 125, "transom: invalid hostPort: x\n\nRun 'transom run --help'"),
    ],
)
def test_wrong_command_line_ends_with_docker_s_code(transom: Run, argv: list[str], code: int, text: str) -> None:
    done = transom(*argv)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(text)


def test_one_failure_does_not_keep_the_others_from_being_done(transom: Run) -> None:
    done = transom("pause", "gone", "lost")
    assert done.returncode == 1
    assert done.stderr.count("No such container") == 2


def test_version_shows_both_sides(transom: Run) -> None:
    done = transom("version", "--format", "{{.Client.ApiVersion}} {{.Server.Version}}")
    assert (done.returncode, done.stdout) == (0, "1.51 fake\n")


def commands() -> list[tuple[str, Command]]:
    found = [(name, tree.load(entry)) for name, entry in tree.TOP.items()]
    for group, (_, entries) in tree.GROUPS.items():
        found += [(f"{group} {name}", tree.load(entry)) for name, entry in entries.items()]
    return found


def test_every_command_has_a_help_text_and_distinct_flags() -> None:
    for path, command in commands():
        assert command_help(path, command).startswith(f"Usage:  transom {path}")
        names = [flag.name for flag in command.flags] + [flag.short for flag in command.flags if flag.short]
        assert len(names) == len(set(names)), path
    assert all(name in program_help(()) for name in (*tree.TOP, *tree.GROUPS))
    assert "Commands:" in group_help("base")


@pytest.mark.parametrize("command", ["ps", "version"])
def test_daily_commands_import_little(command: str, tmp_path: Path) -> None:
    """What they import is most of what they cost: 80 ms for ps, where aiohttp alone would add 200."""
    script = (
        "import sys; before = set(sys.modules)\n"
        "from transom.cli.app import main; main(sys.argv[1:])\n"
        "print(*sorted(set(sys.modules) - before), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, "-H", f"unix://{tmp_path}/none", command],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"DOCKER_CONFIG": "/nonexistent"},
    )
    assert not HEAVY & set(done.stderr.split())


def test_output_into_a_closed_pipe_is_no_traceback() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*TRANSOM, "--help"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.returncode == 1 and done.stderr == ""


@pytest.mark.root
def test_user_who_may_not_connect_is_told_how_to(engine: FakeEngine) -> None:
    os.chmod(engine.socket, 0o600)
    os.chmod(engine.directory, 0o755)
    child = os.fork()
    if child == 0:
        code = 9
        try:
            os.setresuid(65534, 65534, 65534)
            Endpoint(f"unix://{engine.socket}", is_default=True).connect()
        except AccessDenied as exc:
            code = 0 if "join the group transom" in str(exc) else 2
        except ConnectionFailed:
            code = 3
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
