"""How many of a Windows image's first layers are Microsoft's base: found from facts, never from a name."""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from transom.guest import guest_for
from transom.images.archive import Archives
from transom.images.choice import base_layers_said
from transom.images.content import ContentStore
from transom.images.progress import Emit, status
from transom.images.repository import ImageRepository
from transom.images.standin import is_base_layer
from transom.model.ids import Digest
from transom.model.oci import ImageConfig, Manifest
from transom.model.platform import Platform

_PEEK = 200_000
"""Entries of a layer that are looked through for an operating system."""


class Subject(Protocol):
    """The documents of an image."""

    @property
    def manifest(self) -> Manifest:
        """Return the manifest."""
        ...

    @property
    def config(self) -> ImageConfig:
        """Return the configuration."""
        ...


def known_bases(images: ImageRepository) -> Sequence[Sequence[Digest]]:
    """Return the diff-ids of the bases that images here stand on."""
    return [each.config.diff_ids[: each.base_layers] for each in images.all() if each.base_layers]


@dataclass(frozen=True, slots=True)
class CountBaseLayers:
    """Asks the image's documents, then the bases that are known here or offered, and only then the first layer."""

    images: ImageRepository
    content: ContentStore
    archives: Archives
    ask: Callable[[Platform], Awaitable[Sequence[Sequence[Digest]]]]
    """Platform → the diff-ids of Microsoft's bases for it, as their registry has them."""

    async def __call__(self, subject: Subject, fetch: Callable[[int], Awaitable[None]], emit: Emit) -> int:
        """Return the number; fetch(0) is called where the first layer has to be looked into."""
        config, layers = subject.config, subject.manifest.layers
        if not guest_for(config.platform.os).keeps_registry or not layers:
            return 0
        said = base_layers_said(config, layers, known_bases(self.images))
        if said or config.unrooted:
            return said
        asked = base_layers_said(config, layers, await self.ask(config.platform))
        if asked:
            return asked
        emit(status("The image does not say what its first layer is: looking into it"))
        await fetch(0)
        fd = await self.content.open(layers[0].digest)
        try:
            return int(is_base_layer(await self.archives.names(fd, _PEEK)))
        finally:
            os.close(fd)
