"""What a worker's job looks like; both sides of host/worker.py share it. No asyncio here: a worker does not load it."""

import struct
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

A = TypeVar("A")
R = TypeVar("R")
_A_contra = TypeVar("_A_contra", contravariant=True)
_R_co = TypeVar("_R_co", covariant=True)
Report = Callable[[Any], None]
"""What a job calls to tell how far it is: any value that msgpack can carry."""

FRAME = struct.Struct(">I")
MAX_FRAME = 64 << 20
INLINE = 150_000
"""Bytes of arguments that travel in the request itself."""
INLINED, BY_FILE = b"I", b"F"
"""A request's first byte: the arguments follow, or are in the last descriptor's file."""


class Job(Protocol[_A_contra, _R_co]):
    """A module's function that a worker runs: its arguments, open descriptors, and how to report."""

    __module__: str
    __qualname__: str

    def __call__(self, arguments: _A_contra, fds: Sequence[int], report: Report) -> _R_co:
        """Do the work."""
        ...
