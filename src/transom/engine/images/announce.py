"""Image events, with the attributes that Docker gives them."""

from dataclasses import dataclass

from transom.events.bus import EventBus
from transom.images.repository import ImageRepository


@dataclass(frozen=True, slots=True)
class AnnounceImage:
    """Publishes what happens to images."""

    bus: EventBus
    images: ImageRepository

    def __call__(self, action: str, image_id: str, name: str = "") -> None:
        """Publish `image <action>`; name is how the user called it, the ID where it is empty."""
        image = self.images.find(image_id)
        labels = dict(image.config.config.labels) if image is not None else {}
        self.bus.publish("image", action, image_id, {**labels, "name": name or image_id})

    def pruned(self, reclaimed_bytes: int) -> None:
        """Publish that images were pruned."""
        self.bus.publish("image", "prune", "", {"reclaimed": str(reclaimed_bytes)})
