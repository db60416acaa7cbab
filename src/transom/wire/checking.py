"""Programs checked before they run, over HTTP: Transom's own part of the API, beside Docker's.

GET /transom/images/{name}/check?program=   CheckReport; without program of every program in the image's own layers
"""

import msgspec

from transom.wire.shape import Shape


class LackShape(Shape):
    """Something that a program needs and does not find."""

    program: str
    needs: str
    why: str
    late: bool
    """Whether the program starts without it."""


class CheckReport(Shape):
    """What was looked at, and what is missing."""

    programs: list[str] = msgspec.field(default_factory=list)
    lacks: list[LackShape] = msgspec.field(default_factory=list)
