"""What every suite shares: programs a test needs, and proof that a run leaves nothing behind.

A test names what it needs: `@pytest.mark.needs("crun", "conmon")`, `root`, `wine`. What is missing skips the test on a
developer's machine and fails it where CI is set. After the last test, the run fails if a mount, network namespace,
link, nft table, cgroup or temporary directory of the tests' is left; tests/run.py looks for processes.
"""

import asyncio
import gc
import os
import shutil
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest

from tests.leftovers import Leftovers

CI = os.environ.get("CI", "") not in ("", "0", "false")
# Other people's engines may run beside a developer's tests; on a CI machine everything new is ours.
EVERYTHING_NEW_IS_OURS = os.environ.get("TRANSOM_TEST_LEFTOVERS", "all" if CI else "own") == "all"
STARTED_WITH = pytest.StashKey[Leftovers]()
DESCRIPTORS = pytest.StashKey[dict[int, str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*programs): needs these programs on PATH")


def pytest_sessionstart(session: pytest.Session) -> None:
    session.config.stash[STARTED_WITH] = Leftovers.look()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    before = session.config.stash[STARTED_WITH]
    basetemp = getattr(session.config, "_tmp_path_factory", None)
    ours = str(basetemp.getbasetemp()) if basetemp is not None else ""
    left = Leftovers.look_until_clean(before, ours="" if EVERYTHING_NEW_IS_OURS else ours, timeout_s=5)
    if left:
        session.config.get_terminal_writer().line()
        for line in left:
            session.config.get_terminal_writer().line(f"LEFT BEHIND: {line}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def missing(item: pytest.Item) -> str:
    """Return what item needs and this machine lacks, or ""."""
    if item.get_closest_marker("root") and os.geteuid() != 0:
        return "root"
    programs = [program for marker in item.iter_markers("needs") for program in marker.args]
    return ", ".join(program for program in programs if shutil.which(program) is None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if lacking := missing(item):
        (pytest.fail if CI else pytest.skip)(f"needs {lacking}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure in CI, whoever asked for it: a suite that tests nothing must not look green."""
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail") and not item.get_closest_marker("may_skip"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{reason}: a skip is a failure in CI; have script/setup --dev install what is missing"
    return report


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Fail a test that leaves tasks running in its loop."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, "tasks still run after the test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and asyncio.iscoroutinefunction(item.function):
            item.fixturenames.insert(0, "no_task_left")


def descriptors() -> dict[int, str]:
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue  # the descriptor of the listing itself
    return found


def has_longer_lived_fixtures(item: pytest.Item) -> bool:
    """Say whether item may open something that a later test goes on using."""
    info = getattr(item, "_fixtureinfo", None)
    if info is None:
        return True
    return any(
        definition.scope != "function" and not definition.func.__module__.startswith(("_pytest", "pytest_"))
        for definitions in info.name2fixturedefs.values()
        for definition in definitions
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    item.stash[DESCRIPTORS] = descriptors()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Fail a test that leaves descriptors open."""
    yield
    if has_longer_lived_fixtures(item):
        return
    before = item.stash[DESCRIPTORS]
    for attempt in range(2):
        left = [f"{number} -> {target}" for number, target in descriptors().items() if before.get(number) != target]
        if not left:
            return
        if attempt == 0:
            gc.collect()
    pytest.fail(f"descriptors left open: {', '.join(left)}")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return Path(__file__).parents[1]


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """A directory whose path is short enough for a unix socket in it."""
    number = 0
    while True:
        path = Path(f"/tmp/tt{os.getpid()}-{number}")
        try:
            path.mkdir(mode=0o700)
            break
        except FileExistsError:
            number += 1
    yield path
    shutil.rmtree(path)
