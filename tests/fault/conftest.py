"""An engine to break, and a witness: a container that runs through every crash of the module."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.engine import Engine
from tests.support.images import file, layer, make
from tests.support.registry import local_registry, publish
from tests.support.residue import Residue
from tests.support.windows import windows_base

FAULTY = make(layer(file("one", "1" * 5000)), config={"Cmd": ["/one"]})
"""What the registry beside the engine has. One layer: of two, both could meet a fault, and but one would be told."""


@pytest.fixture(scope="module")
def broken_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine for a module's crashes."""
    directory = Path(tempfile.mkdtemp(prefix="tt-"))
    try:
        with local_registry(tmp_path_factory.mktemp("registry")) as registry:
            publish(registry, "team/faulty", "1", FAULTY)
            publish(registry, "windows/base", "1", windows_base())
            with Engine(directory, registry=registry.host) as engine:
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
