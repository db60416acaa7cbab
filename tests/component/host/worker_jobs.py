"""Jobs for test_worker.py: a worker imports them by this module's name."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass

from transom.errors import Conflict
from transom.host.job import Report


@dataclass(frozen=True)
class Numbers:
    values: list[int]


@dataclass(frozen=True)
class Sum:
    total: int
    pid: int


def add(arguments: Numbers, fds: Sequence[int], report: Report) -> Sum:
    for value in arguments.values:
        report(value)
    for fd in fds:
        os.write(fd, b"seen")
    return Sum(sum(arguments.values), os.getpid())


def refuse(arguments: str, fds: Sequence[int], report: Report) -> None:
    raise Conflict(arguments)


def full(arguments: str, fds: Sequence[int], report: Report) -> None:
    with open("/dev/full", "wb", buffering=0) as device:
        device.write(b"x")


def bug(arguments: str, fds: Sequence[int], report: Report) -> None:
    raise KeyError(arguments)


def greedy(arguments: str, fds: Sequence[int], report: Report) -> int:
    return len(bytearray(3 << 30))


def die(arguments: str, fds: Sequence[int], report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hang(arguments: str, fds: Sequence[int], report: Report) -> None:
    report(os.getpid())
    signal.pause()
