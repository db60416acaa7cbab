"""Named points where a test can make the engine fail or die.

A point costs a dictionary look-up when nothing is armed. TRANSOM_FAULTS arms them:
`name=kill;name2=error(ENOSPC);name3=1*off->1*kill` (the n-th pass and later ones).
"""

import errno
import os
import re
import signal

POINTS: dict[str, str] = {}
"""Every declared point's name and what has been done when it is reached."""

_armed: dict[str, list[str]] = {}

_STEP = re.compile(r"(?:(\d+)\*)?(off|kill|error\((\w+)\))")


def declare(name: str, meaning: str) -> str:
    """Register a point at import time and return its name."""
    if name in POINTS:
        raise ValueError(f"fault point declared twice: {name}")
    POINTS[name] = meaning
    return name


def arm(setting: str) -> None:
    """Arm points from the text of TRANSOM_FAULTS.

    Raises:
        ValueError: the text is not of the form above.
    """
    for part in filter(None, setting.split(";")):
        name, _, term = part.partition("=")
        steps: list[str] = []
        for step in term.split("->"):
            match = _STEP.fullmatch(step)
            if not match:
                raise ValueError(f"bad fault term {step!r}")
            steps += [match[2]] * int(match[1] or 1)
        _armed[name] = steps


def point(name: str) -> None:
    """Do what is armed for name, if anything is."""
    if not _armed:
        return
    steps = _armed.get(name)
    if not steps:
        return
    step = steps.pop(0)
    if step == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif step.startswith("error("):
        code = getattr(errno, step[6:-1])
        raise OSError(code, os.strerror(code))
