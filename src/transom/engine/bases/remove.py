"""DELETE /transom/bases/{ref}: remove a base that nothing stands on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from transom.errors import Conflict
from transom.execution.bases import BaseInfo, BaseStore
from transom.model.ids import Digest


class BaseUses(Protocol):
    """Knows what stands on a base."""

    async def users(self, digest: Digest) -> Sequence[str]:
        """Return what uses the base, in words (`container web`, `image app:1`)."""
        ...


@dataclass(frozen=True, slots=True)
class RemoveBase:
    """`transom base rm`."""

    store: BaseStore
    uses: BaseUses

    async def __call__(self, ref: str) -> BaseInfo:
        """Remove the base that ref names and return what it was.

        Raises:
            NotFound: no base is called so.
            Conflict: a container or an image stands on it.
        """
        info = await self.store.get(ref)
        users = await self.uses.users(info.digest)
        if users:
            named = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
            raise Conflict(f"Windows base {info.digest[:19]} is in use by {named}")
        await self.store.remove(info.digest)
        return info
