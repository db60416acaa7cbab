"""Bases in a registry: what one machine pushes, another pulls."""

from pathlib import Path

import pytest
from tests.component.drivers.wine.test_packing import quiet, small_base
from tests.support.images import file, layer, make
from tests.support.registry import local_registry, publish

from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.engine.bases.pull import PullBase
from transom.engine.bases.push import PushBase
from transom.errors import InvalidParameter, NotFound
from transom.images.registry import Credentials
from transom.model.reference import parse_reference
from transom.registry.client import RegistryClient
from transom.registry.settings import RegistrySettings

pytestmark = pytest.mark.root


async def test_pushed_base_is_pulled_again(tmp_path: Path) -> None:
    client, nobody = RegistryClient(RegistrySettings()), Credentials()
    ours, theirs = DiskBaseStore(tmp_path / "ours"), DiskBaseStore(tmp_path / "theirs")
    ours.directory.mkdir()
    info = small_base(ours, tmp_path)
    with local_registry(tmp_path / "registry") as registry:
        name = parse_reference(f"{registry.host}/fleet/base:1")
        await PushBase(ours, client)("", name, str(tmp_path / "out"), nobody, quiet)

        manifest = registry.manifest("fleet/base", "1")
        assert manifest["artifactType"] == "application/vnd.transom.windows-base.v1"
        assert manifest["annotations"] == {"transom.base.digest": info.digest}
        assert (await PullBase(theirs, client)(name, str(tmp_path / "in"), nobody, quiet)).digest == info.digest
        assert [each.digest for each in await theirs.list()] == [info.digest]
        again = await PullBase(theirs, client)(name, str(tmp_path / "never"), nobody, quiet)
        assert again.digest == info.digest
        assert not (tmp_path / "never").exists()


async def test_what_is_no_base_is_refused(tmp_path: Path) -> None:
    pull = PullBase(DiskBaseStore(tmp_path / "bases"), RegistryClient(RegistrySettings()))
    with local_registry(tmp_path / "registry") as registry:
        publish(registry, "app", "1", make(layer(file("a", "a"))))
        for name, kind in (("app:1", InvalidParameter), ("app:2", NotFound)):
            reference = parse_reference(f"{registry.host}/{name}")
            with pytest.raises(kind):
                await pull(reference, str(tmp_path / "in"), Credentials(), quiet)
