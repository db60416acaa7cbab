"""Docker's media types or OCI's: a manifest keeps to those of the layers it stands on. Pure.

Readers accept either; some refuse both in one manifest. The descriptors of layers that came from elsewhere are kept as
they are (a base must be recognised by them), so what is added here goes by them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from transom.model.oci import Descriptor, Manifest, MediaType

_DOCKER: Final = "application/vnd.docker."
_AS_DOCKER: Final = {
    MediaType.OCI_CONFIG: MediaType.DOCKER_CONFIG,
    MediaType.OCI_LAYER: MediaType.DOCKER_LAYER,
    MediaType.OCI_LAYER_GZIP: MediaType.DOCKER_LAYER_GZIP,
}


def manifest_of(config: Descriptor, layers: Sequence[Descriptor]) -> Manifest:
    """Return the manifest of an image made here: Docker's if its layers are, and all can be."""
    of_docker = any(layer.media_type.startswith(_DOCKER) for layer in layers)
    converted = tuple(_as_docker(layer) for layer in layers)
    if of_docker and all(layer.media_type.startswith(_DOCKER) for layer in converted):
        return Manifest(_as_docker(config), converted, MediaType.DOCKER_MANIFEST)
    return Manifest(config, tuple(layers))


def _as_docker(found: Descriptor) -> Descriptor:
    known = next((docker for oci, docker in _AS_DOCKER.items() if oci == found.media_type), None)
    return replace(found, media_type=known) if known else found
