"""One engine for the whole suite, with the Linux image loaded; each test removes its containers."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.engine import Engine
from tests.support.windows import ensure_probe_image


@pytest.fixture(scope="session")
def shared_engine() -> Iterator[Engine]:
    directory = Path(tempfile.mkdtemp(prefix="tt-"))
    try:
        with Engine(directory) as engine:
            engine.load_busybox()
            yield engine
    finally:
        shutil.rmtree(directory)


@pytest.fixture
def engine(shared_engine: Engine) -> Iterator[Engine]:
    """An engine without containers, before and after the test."""
    if not shared_engine.is_running:
        shared_engine.start()
    yield shared_engine
    if not shared_engine.is_running:
        shared_engine.start()
    if ids := shared_engine.docker("ps", "-aq").out.split():
        shared_engine.docker("rm", "-f", *ids)


@pytest.fixture
def windows(engine: Engine) -> Engine:
    """The engine with a Windows base."""
    engine.ensure_base()
    return engine


@pytest.fixture
def probed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine with a Windows base and the image of the probe."""
    ensure_probe_image(engine, tmp_path_factory.mktemp("probe"))
    return engine
