"""Events as `docker events` shows them."""

from datetime import datetime

import msgspec


class Event(msgspec.Struct, frozen=True):
    """Something that happened to an object: `container start`, `image tag`, `network connect` …"""

    type: str
    action: str
    actor_id: str
    attributes: dict[str, str]
    at: datetime

    def wire(self) -> dict[str, object]:
        """Return the JSON object of API 1.24 to 1.51; older members (`status`, `id`, `from`) included."""
        seconds = self.at.timestamp()
        nano = int(self.at.timestamp()) * 10**9 + self.at.microsecond * 1000
        shape: dict[str, object] = {
            "Type": self.type,
            "Action": self.action,
            "Actor": {"ID": self.actor_id, "Attributes": self.attributes},
            "scope": "local",
            "time": int(seconds),
            "timeNano": nano,
        }
        if self.type in {"container", "image"}:
            shape |= {"status": self.action, "id": self.actor_id}
            if "image" in self.attributes:
                shape["from"] = self.attributes["image"]
        return shape
