"""`transom stats`: what containers use, sampled by the engine and shown as a table that moves."""

import sys
import threading
from collections.abc import Mapping
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import ANY, Command
from transom.cli.flags import Values
from transom.cli.options.filters import FORMAT
from transom.cli.output.listing import Column, listing
from transom.cli.output.units import bytes_size, human_size, short_id
from transom.cli.session import Session
from transom.client.engine import Doc, EngineClient, segment
from transom.client.jsonstream import documents
from transom.errors import TransomError

TABLE = "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"
HEADERS = {
    "ID": "CONTAINER ID",
    "CPUPerc": "CPU %",
    "MemUsage": "MEM USAGE / LIMIT",
    "MemPerc": "MEM %",
    "NetIO": "NET I/O",
    "BlockIO": "BLOCK I/O",
}
REFRESH_S = 0.5
FIRST_WAIT_S = 3.0
CLEAR = "\x1b[H\x1b[J"
UNKNOWN = "--"


class _Watch:
    """The newest sample of one container; a thread keeps it up to date."""

    def __init__(self, client: EngineClient, name: str) -> None:
        self._client, self.name = client, name
        self.sample: Doc | None = None
        self.error = ""
        self.gone = False
        self.arrived = threading.Event()

    def follow(self, *, stream: bool) -> None:
        """Take samples until the container is gone, or one where stream is off."""
        try:
            response = self._client.request("GET", f"/containers/{segment(self.name)}/stats", {"stream": stream or "0"})
            for sample in documents(response.stream()):
                self.sample = sample
                self.arrived.set()
        except (TransomError, OSError, ValueError) as exc:
            self.error = str(exc)
        self.gone = True
        self.arrived.set()


def cpu_percent(sample: Doc) -> float:
    """Return the share of one processor, as a percentage; Docker's formula."""
    now, before = sample.get("cpu_stats") or {}, sample.get("precpu_stats") or {}
    used = _usage(now) - _usage(before)
    system = float(now.get("system_cpu_usage") or 0) - float(before.get("system_cpu_usage") or 0)
    cpus = now.get("online_cpus") or len((now.get("cpu_usage") or {}).get("percpu_usage") or [0])
    return used / system * cpus * 100.0 if used > 0 and system > 0 else 0.0


def _usage(part: Doc) -> float:
    return float((part.get("cpu_usage") or {}).get("total_usage") or 0)


def memory(sample: Doc) -> tuple[float, float]:
    """Return (used without the page cache that can go, limit)."""
    found = sample.get("memory_stats") or {}
    if "privateworkingset" in found:
        return float(found["privateworkingset"]), 0.0
    usage, details = float(found.get("usage") or 0), found.get("stats") or {}
    cache = float(details.get("total_inactive_file") or details.get("inactive_file") or 0)
    return (usage - cache if cache < usage else usage), float(found.get("limit") or 0)


def _network(sample: Doc) -> tuple[float, float]:
    cards = (sample.get("networks") or {}).values()
    return sum(float(card["rx_bytes"]) for card in cards), sum(float(card["tx_bytes"]) for card in cards)


def _block(sample: Doc) -> tuple[float, float]:
    entries = (sample.get("blkio_stats") or {}).get("io_service_bytes_recursive") or ()
    totals = {"r": 0.0, "w": 0.0}
    for entry in entries:
        kind = str(entry.get("op", ""))[:1].lower()
        if kind in totals:
            totals[kind] += float(entry["value"])
    return totals["r"], totals["w"]


def _columns(*, truncate: bool) -> Mapping[str, Column]:
    def known(watch: _Watch, text: Any) -> str:
        return UNKNOWN if watch.sample is None else str(text(watch.sample))

    def memory_text(sample: Doc) -> str:
        used, limit = memory(sample)
        return f"{bytes_size(used)} / {bytes_size(limit)}" if limit else bytes_size(used)

    def memory_percent(sample: Doc) -> str:
        used, limit = memory(sample)
        return f"{used / limit * 100.0:.2f}%" if limit else UNKNOWN

    def pair(values: tuple[float, float]) -> str:
        return f"{human_size(values[0], 3)} / {human_size(values[1], 3)}"

    def identity(sample: Doc) -> str:
        return short_id(sample["id"]) if truncate else str(sample["id"])

    return {
        "BlockIO": lambda watch: known(watch, lambda sample: pair(_block(sample))),
        "CPUPerc": lambda watch: known(watch, lambda sample: f"{cpu_percent(sample):.2f}%"),
        "Container": lambda watch: watch.name,
        "ID": lambda watch: known(watch, identity),
        "MemPerc": lambda watch: known(watch, memory_percent),
        "MemUsage": lambda watch: known(watch, memory_text),
        "Name": lambda watch: known(watch, lambda sample: sample.get("name", "").lstrip("/")),
        "NetIO": lambda watch: known(watch, lambda sample: pair(_network(sample))),
        "PIDs": lambda watch: known(
            watch, lambda sample: (sample.get("pids_stats") or {}).get("current") or sample.get("num_procs") or 0
        ),
    }


class _Board:
    """All containers that are watched; in the mode without names it takes in those that start meanwhile."""

    def __init__(self, client: EngineClient, names: list[str], *, every: bool, stream: bool) -> None:
        self._client = client
        self._stream = stream
        self._lock = threading.Lock()
        self._watches: dict[str, _Watch] = {}
        self.follows_starts = not names
        for name in names or [item["Id"] for item in client.get("/containers/json", {"all": every})]:
            self.add(name)

    def add(self, name: str) -> None:
        watch = _Watch(self._client, name)
        with self._lock:
            self._watches[name] = watch
        threading.Thread(
            target=watch.follow, kwargs={"stream": self._stream}, name=f"stats {name}", daemon=True
        ).start()

    def follow_starts(self) -> None:
        """Watch each container that starts; runs until the engine ends."""
        wanted = {"type": {"container": True}, "event": {"start": True}}
        try:
            for event in self._client.events("GET", "/events", {"filters": wanted}):
                self.add(event["Actor"]["ID"])
        except (TransomError, OSError, ValueError):
            return

    def watches(self) -> list[_Watch]:
        """Return those that are still there."""
        with self._lock:
            if self.follows_starts and self._stream:
                self._watches = {name: watch for name, watch in self._watches.items() if not watch.gone}
            return list(self._watches.values())


def _stats(session: Session, values: Values, names: list[str]) -> int:
    stream = not values.on("no-stream")
    client = session.client
    for name in names:
        client.get(f"/containers/{segment(name)}/json")  # a name that is not there ends the command at once
    board = _Board(client, names, every=values.on("all"), stream=stream)
    form = values.text("format") or session.config.text("statsFormat")
    columns = _columns(truncate=not values.on("no-trunc"))
    for watch in board.watches():
        watch.arrived.wait(FIRST_WAIT_S)
    if board.follows_starts and stream:
        threading.Thread(target=board.follow_starts, name="stats events", daemon=True).start()
    pause = threading.Event()
    moving = stream and sys.stdout.isatty()
    while True:
        watches = board.watches()
        text = listing(watches, columns=columns, headers=HEADERS, table=TABLE, format_text=form)
        sys.stdout.write((CLEAR if moving else "") + text)
        sys.stdout.flush()
        errors = [watch.error for watch in watches if watch.error]
        if not stream or (not board.follows_starts and all(watch.gone for watch in watches)):
            print("\n".join(errors), end="\n" if errors else "", file=sys.stderr)
            return 1 if errors else 0
        pause.wait(REFRESH_S)


STATS = Command(
    "[OPTIONS] [CONTAINER...]",
    "Display a live stream of container(s) resource usage statistics",
    _stats,
    (
        flag.switch("all", "Show all containers (default shows just running)", short="a"),
        FORMAT,
        flag.switch("no-stream", "Disable streaming stats and only pull the first result"),
        flag.switch("no-trunc", "Do not truncate output"),
    ),
    ANY,
)
