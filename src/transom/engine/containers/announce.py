"""Container events, with the attributes that Docker gives them."""

from transom.containers.container import Container
from transom.events.bus import EventBus

_KINDS = {"host": "host", "none": "null"}


class Announce:
    """Publishes what happens to containers."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus

    def __call__(self, action: str, container: Container, **extra: str) -> None:
        """Publish `container <action>`."""
        attributes = {**container.config.labels, "image": container.image_ref, "name": container.name, **extra}
        self._bus.publish("container", action, container.id, attributes)

    def begins(self, container: Container) -> None:
        """Publish what a container takes into use, as Docker does: volumes, then networks."""
        for mount in container.mounts:
            if mount.type == "volume":
                about = {
                    "container": container.id, "destination": mount.target, "driver": "local", "propagation": "",
                    "read/write": str(not mount.readonly).lower(),
                }  # fmt: skip
                self._bus.publish("volume", "mount", mount.name, about)
        self._networks("connect", container)

    def ends(self, container: Container) -> None:
        """Publish what a container has let go of."""
        self._networks("disconnect", container)
        for mount in container.mounts:
            if mount.type == "volume":
                self._bus.publish("volume", "unmount", mount.name, {"container": container.id, "driver": "local"})

    def pruned(self, reclaimed_bytes: int) -> None:
        """Publish that containers were pruned."""
        self._bus.publish("container", "prune", "", {"reclaimed": str(reclaimed_bytes)})

    def _networks(self, action: str, container: Container) -> None:
        for name, settings in container.endpoints.items():
            about = {"container": container.id, "name": name, "type": _KINDS.get(name, "bridge")}
            self._bus.publish("network", action, settings.network_id, about)
