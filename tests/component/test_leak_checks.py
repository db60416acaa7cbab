"""The checks of tests/conftest.py and tests/run.py themselves: each is shown a test that breaks its rule."""

import os
import subprocess
import sys
from pathlib import Path

BROKEN = """
import asyncio, os, subprocess
import pytest

def test_process():
    subprocess.Popen(["sleep", "60"], start_new_session=True)

def test_descriptor():
    os.open("/dev/null", os.O_RDONLY)

async def test_task():
    asyncio.get_running_loop().create_task(asyncio.sleep(60))

def test_skip():
    pytest.skip("nothing here")

@pytest.mark.needs("no-such-program")
def test_program():
    pass
"""
COMPLAINTS = (
    "LEFT BEHIND: process ",
    "descriptors left open",
    "tasks still run after the test",
    "a skip is a failure in CI",
    "needs no-such-program",
)


def run_pytest(directory: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on code with this checkout's conftest, as CI does but for what others do on this machine."""
    (directory / "test_it.py").write_text(code)
    (directory / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    argv = [sys.executable, "-m", "tests.run", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", str(directory)]
    settings = {"CI": "true", "TRANSOM_TEST_LEFTOVERS": "own", "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(argv, capture_output=True, text=True, check=False, cwd=directory, env=os.environ | settings)


def test_run_that_breaks_rules_fails_and_says_which(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, BROKEN)

    assert done.returncode == 1
    assert [text for text in COMPLAINTS if text not in done.stdout] == []


def test_run_that_breaks_no_rule_passes(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "async def test_it():\n    pass\n")

    assert done.returncode == 0, done.stdout
