"""Which media types a manifest that is made here has."""

from transom.images.family import manifest_of
from transom.model.ids import Digest
from transom.model.oci import Descriptor, Manifest, MediaType

DIGEST = Digest("sha256:" + "1" * 64)
CONFIG = Descriptor(MediaType.OCI_CONFIG, DIGEST, 1)
OWN = Descriptor(MediaType.OCI_LAYER_GZIP, DIGEST, 2)
BASE = Descriptor(MediaType.DOCKER_FOREIGN_LAYER_GZIP, DIGEST, 3, ("https://example.com/layer",))
ZSTD = Descriptor(MediaType.OCI_LAYER_ZSTD, DIGEST, 4)


def test_own_layers_make_an_oci_manifest() -> None:
    assert manifest_of(CONFIG, [OWN]) == Manifest(CONFIG, (OWN,), MediaType.OCI_MANIFEST)


def test_layers_on_docker_s_become_docker_s_and_the_base_s_stay_as_they_are() -> None:
    assert manifest_of(CONFIG, [BASE, OWN]) == Manifest(
        Descriptor(MediaType.DOCKER_CONFIG, DIGEST, 1),
        (BASE, Descriptor(MediaType.DOCKER_LAYER_GZIP, DIGEST, 2)),
        MediaType.DOCKER_MANIFEST,
    )


def test_what_docker_has_no_type_for_keeps_all_as_it_is() -> None:
    assert manifest_of(CONFIG, [BASE, ZSTD]) == Manifest(CONFIG, (BASE, ZSTD), MediaType.OCI_MANIFEST)
