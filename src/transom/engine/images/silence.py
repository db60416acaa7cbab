"""Registries that did not answer, which nobody waits for again at once."""

import asyncio
from dataclasses import dataclass, field

_SILENT_S = 60.0


@dataclass(slots=True)
class Silence:
    """Remembers for a minute who was silent."""

    _until: dict[str, float] = field(default_factory=dict)

    def note(self, domain: str) -> None:
        """Remember that domain did not answer."""
        self._until[domain] = asyncio.get_running_loop().time() + _SILENT_S

    def holds(self, domain: str) -> bool:
        """Tell whether domain was silent a moment ago."""
        return asyncio.get_running_loop().time() < self._until.get(domain, 0.0)
