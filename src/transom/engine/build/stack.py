"""From an image's document to the snapshot it stands on, by the images that a build's stages began with."""

from dataclasses import dataclass, field

from transom.images.image import Image
from transom.images.layer import chain_id
from transom.model.oci import ImageConfig


@dataclass(slots=True)
class Stack:
    """The images that a build's stages stand on."""

    _bases: list[Image] = field(default_factory=list)

    def learn(self, image: Image) -> None:
        """Remember a base."""
        self._bases.append(image)

    def base_of(self, config: ImageConfig) -> Image | None:
        """Return the image with the most layers on which config's stand."""
        fitting = [image for image in self._bases if _stands_on(config, image.config)]
        return max(fitting, key=lambda image: len(image.config.diff_ids), default=None)

    def snapshot(self, config: ImageConfig) -> str:
        """Return the name of the topmost snapshot, empty if no layer is unpacked."""
        base = self.base_of(config)
        if len(config.diff_ids) <= (base.base_layers if base else 0):
            return ""
        return chain_id(config.diff_ids)


def _stands_on(config: ImageConfig, base: ImageConfig) -> bool:
    return (
        config.diff_ids[: len(base.diff_ids)] == base.diff_ids
        and config.history[: len(base.history)] == base.history
        and (config.platform.os, config.unrooted) == (base.platform.os, base.unrooted)
    )
