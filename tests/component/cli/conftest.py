"""The program as users start it, against an engine of the test's own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.component.cli.fake_engine import FakeEngine

TRANSOM = [sys.executable, "-P", "-m", "transom"]
Run = Callable[..., subprocess.CompletedProcess[str]]


def environment(engine: FakeEngine) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "TRANSOM_"))}
    return kept | {"DOCKER_HOST": f"unix://{engine.socket}", "DOCKER_CONFIG": "/nonexistent"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    with FakeEngine(tmp_path) as fake:
        yield fake


@pytest.fixture
def transom(engine: FakeEngine) -> Run:
    """Run one command to its end."""

    def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*TRANSOM, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=environment(engine),
        )

    return run
