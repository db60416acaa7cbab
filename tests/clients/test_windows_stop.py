"""How Windows programs are asked to end, by the real docker CLI: console events, windows closed, dialogues told."""

import subprocess

import pytest
from tests.support.engine import Engine, docker_environment
from tests.support.windows import COMPILER, ensure_program_image, program

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(600),
]
DESKTOP = "desktop:latest"
CONTROL_C_EXIT = str(0xC000013A)
LAST_WORDS = "may it end?\nit ends\nclose\n"


@pytest.fixture
def desktop(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine with an image of the program with windows."""
    programs = {"desktop.exe": program("desktop", "user32", "gdi32")}
    ensure_program_image(engine, DESKTOP, tmp_path_factory.mktemp("desktop"), programs)
    return engine


def start(engine: Engine, name: str, what: str, *options: str, said: str = "ready") -> None:
    engine.docker("run", "-d", "--name", name, "--network", "none", *options, DESKTOP, "desktop", what)
    engine.wait_for_log(name, said)


def code(engine: Engine, name: str) -> str:
    return engine.docker("inspect", "-f", "{{.State.ExitCode}}", name).out.strip()


@pytest.mark.parametrize("signal", ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP"])
def test_event_that_nobody_handles_ends_the_program_with_its_status(desktop: Engine, signal: str) -> None:
    start(desktop, "idle", "idle", "--stop-signal", signal)
    desktop.docker("stop", "-t", "30", "idle")

    assert code(desktop, "idle") == CONTROL_C_EXIT


def test_handler_of_a_shutdown_that_returns_ends_the_program_as_on_windows(desktop: Engine) -> None:
    """HandlerRoutine's documentation: once it has returned TRUE, the system ends the process."""
    start(desktop, "polite", "polite")
    desktop.docker("kill", "-s", "SIGINT", "polite")
    assert desktop.docker("exec", "polite", "cmd", "/c", "exit 4", check=False).code == 4
    desktop.docker("stop", "-t", "30", "polite")

    assert code(desktop, "polite") == CONTROL_C_EXIT


@pytest.mark.parametrize("user", ["ContainerAdministrator", "ContainerUser"])
def test_program_with_windows_is_closed(desktop: Engine, user: str) -> None:
    start(desktop, "windowed", "window", "-u", user, said="still here")
    desktop.docker("stop", "-t", "30", "windowed")

    assert desktop.docker("logs", "windowed").out == "ready\nstill here\n" + LAST_WORDS
    assert code(desktop, "windowed") == "7"


def test_twenty_programs_with_windows_run_side_by_side(desktop: Engine) -> None:
    names = [f"many-{number}" for number in range(20)]
    argv = [("run", "-d", "--name", name, "--network", "none", DESKTOP, "desktop", "window") for name in names]
    starts = [
        subprocess.Popen(desktop.docker_argv(*each), stdout=subprocess.DEVNULL, env=docker_environment())
        for each in argv
    ]
    assert [each.wait(120) for each in starts] == [0] * len(names)
    for name in names:
        desktop.wait_for_log(name, "still here", timeout_s=60)
    desktop.docker("stop", "-t", "60", *names, timeout_s=120)

    assert {desktop.docker("logs", name).out for name in names} == {"ready\nstill here\n" + LAST_WORDS}
    assert {code(desktop, name) for name in names} == {"7"}


def test_dialogue_that_waits_is_told_in_the_log(desktop: Engine) -> None:
    desktop.docker("run", "-d", "--name", "asks", "--network", "none", DESKTOP, "desktop", "dialog")
    argv = desktop.docker_argv("logs", "-f", "asks")
    follow = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=docker_environment())
    assert follow.stderr is not None
    told = follow.stderr.readline().decode()
    desktop.docker("stop", "-t", "30", "asks")
    follow.communicate(timeout=30)

    assert 'waits for an answer to a dialogue that nobody sees: "The title": Grüße from a box [OK] [Cancel]' in told
    assert code(desktop, "asks") == "2"
