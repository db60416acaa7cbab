"""POST /transom/bases: build a base."""

from dataclasses import dataclass

from transom.execution.bases import BaseBuilder, BaseInfo, BaseOptions, Progress


@dataclass(frozen=True, slots=True)
class BuildBase:
    """`transom base build`."""

    builder: BaseBuilder

    async def __call__(self, options: BaseOptions, progress: Progress) -> BaseInfo:
        """Build a base and return it; the same inputs give the one that is there already.

        Raises:
            InvalidParameter: no mirror is known, or what it serves is not Debian's.
            Unavailable: the mirror cannot be reached.
            NotSupported: a program that is needed is not installed.
        """
        return await self.builder.build(options, progress)
