"""Container events, with the attributes that Docker gives them."""

from transom.containers.container import Container
from transom.events.bus import EventBus


class Announce:
    """Publishes what happens to containers."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus

    def __call__(self, action: str, container: Container, **extra: str) -> None:
        """Publish `container <action>`."""
        attributes = {**container.config.labels, "image": container.image_ref, "name": container.name, **extra}
        self._bus.publish("container", action, container.id, attributes)
