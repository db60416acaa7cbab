"""An engine to break, and a witness: a container that runs through every crash of the module."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.engine import Engine
from tests.support.residue import Residue


@pytest.fixture(scope="module")
def broken_engine() -> Iterator[Engine]:
    """One engine for a module's crashes."""
    directory = Path(tempfile.mkdtemp(prefix="tt-"))
    try:
        with Engine(directory) as engine:
            engine.load_busybox()
            yield engine
    finally:
        shutil.rmtree(directory)


@pytest.fixture
def engine(broken_engine: Engine) -> Iterator[Engine]:
    """The engine, running without faults; containers go after the test, and nothing may be left of them."""
    if not broken_engine.is_running:
        broken_engine.start()
    yield broken_engine
    if not broken_engine.is_running:
        broken_engine.start()
    if ids := broken_engine.docker("ps", "-aq").out.split():
        broken_engine.docker("rm", "-f", "-v", *ids)
    assert Residue(broken_engine).settle() == []


@pytest.fixture
def residue(engine: Engine) -> Residue:
    return Residue(engine)
