"""An image's own part put on another base: which documents that makes. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from transom.errors import InvalidParameter
from transom.images.image import Image
from transom.model.oci import HistoryEntry, ImageConfig


def own_history(config: ImageConfig, base_layers: int) -> Sequence[HistoryEntry]:
    """Return the steps after those that made the first base_layers layers."""
    left = base_layers
    for number, step in enumerate(config.history):
        if not left:
            return config.history[number:]
        left -= not step.empty_layer
    return ()


def rebased(image: Image, base: Image) -> ImageConfig:
    """Return the configuration of image with base in place of what it stands on.

    What is said of running it stays; what is said of the system is the base's.

    Raises:
        InvalidParameter: base is for another system, or stands on nothing real itself.
    """
    ours, theirs = image.platform, base.platform
    if (ours.os, ours.architecture) != (theirs.os, theirs.architecture):
        raise InvalidParameter(f"an image for {ours} cannot be put on one for {theirs}")
    if base.config.unrooted or not base.base_layers:
        raise InvalidParameter("the new base's first layers are not those of a Windows base")
    return replace(
        image.config,
        platform=theirs,
        diff_ids=(*base.config.diff_ids, *image.config.diff_ids[image.base_layers :]),
        history=(*base.config.history, *own_history(image.config, image.base_layers)),
        os_features=base.config.os_features,
        unrooted="",
    )
