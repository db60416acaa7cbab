"""What `ps` shows of processes, read from /proc.

Source: man pages proc(5), ps(1).
"""

import contextlib
import os
import pwd
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence

from transom.errors import InvalidParameter, NotSupported
from transom.host.run import run

_HZ = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_DAY_S = 86_400
_TTY_MAJORS = {4: "tty", 136: "pts/"}
_UNITS = ("B", "kB", "MB", "GB", "TB")


def process_rows(pids: Sequence[int], titles: Sequence[str]) -> list[list[str]]:
    """Return one row for each of pids that still lives, with the columns that titles name."""
    return [[facts[title] for title in titles] for pid in pids if (facts := _facts(pid))]


def _facts(pid: int) -> Mapping[str, str]:
    """Return every column of one process, nothing if it has ended."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            head, _, tail = file.read().rpartition(")")
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().rstrip(b"\0").decode(errors="replace").split("\0")
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            _, resident, shared, *_ = map(int, file.read().split())
        name, fields = head.partition("(")[2], tail.split()
        ticks = int(fields[11]) + int(fields[12])
        booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        started = booted + int(fields[19]) / _HZ
        command = " ".join(words) if words != [""] else f"[{name}]"
        return {
            "UID": _user(os.stat(f"/proc/{pid}").st_uid),
            "PID": str(pid),
            "PPID": fields[1],
            "C": str(min(99, int(100 * ticks / _HZ / max(1.0, time.time() - started)))),
            "STIME": _stime(started),
            "TTY": _tty(int(fields[4])),
            "TIME": _time(ticks // _HZ),
            "CMD": command,
            "Name": words[0].replace("\\", "/").rpartition("/")[2] or name,
            "CPU": f"{_time(ticks // _HZ)}.{ticks % _HZ * 1000 // _HZ:03}",
            "Private Working Set": _size((resident - shared) * _PAGE),
        }
    return {}


def _user(uid: int) -> str:
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
    return name if len(name) <= 8 else name[:7] + "+"


def _stime(started: float) -> str:
    age = time.time() - started
    form = "%H:%M" if age < _DAY_S else "%b%d" if age < 365 * _DAY_S else "%Y"
    return time.strftime(form, time.localtime(started))


def _time(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _tty(number: int) -> str:
    if not number:
        return "?"
    major, minor = os.major(number), os.minor(number)
    base = _TTY_MAJORS.get(major)
    return f"{base}{minor}" if base else f"{major}:{minor}"


def _size(count: float) -> str:
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            return f"{count:.4g}{unit}"
        count /= 1000
    return ""


async def run_ps(arguments: Sequence[str], pids: Sequence[int]) -> tuple[list[str], list[list[str]]]:
    """Return titles and rows of the host's ps with arguments, of pids alone.

    Raises:
        NotSupported: the host has no ps. InvalidParameter: ps refuses arguments, or shows no PID.
    """
    if shutil.which("ps") is None:
        raise NotSupported("there is no ps on this host: use docker top without arguments, or install procps")
    done = await run(["ps", *arguments], timeout_s=10)
    if done.code != 0:
        raise InvalidParameter(f"ps: {done.stderr.decode(errors='replace').strip() or f'exit code {done.code}'}")
    lines = done.stdout.decode(errors="replace").splitlines()
    titles = lines[0].split() if lines else []
    if "PID" not in titles:
        raise InvalidParameter("Couldn't find PID field in ps output")
    wanted = {str(pid) for pid in pids}
    return titles, [row for row in _split(lines[1:], len(titles)) if row[titles.index("PID")] in wanted]


def _split(lines: Sequence[str], columns: int) -> Iterator[list[str]]:
    for line in lines:
        row = line.split(None, columns - 1)
        if len(row) == columns:
            yield row
