"""Where the time of an operation goes: `--log-level trace` prints each step as it ends.

When trace is off a step costs one comparison.
"""

import logging
import time
from types import TracebackType
from typing import Self

TRACE = 5
log = logging.getLogger("transom.trace")


class step:  # noqa: N801 - used as a statement: `with step("create", container_id):`
    """Log how long the block took, at level TRACE."""

    __slots__ = ("_began", "_name", "_subject")

    def __init__(self, name: str, subject: str = "") -> None:
        self._name = name
        self._subject = subject
        self._began = 0.0

    def __enter__(self) -> Self:
        if log.isEnabledFor(TRACE):
            self._began = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._began:
            took_ms = round((time.perf_counter() - self._began) * 1000, 2)
            log.log(TRACE, self._name, extra={"took_ms": took_ms, "subject": self._subject[:12]})
