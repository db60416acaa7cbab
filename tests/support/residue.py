"""What an engine has that no record of its names: the invariants that hold after every crash.

Records are read from a copy of the database, so that neither the engine nor its lock is disturbed.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.engine import Engine

from transom.store.leases import RETRY
from transom.store.partials import SUFFIX

LEGAL = {"created", "running", "paused", "exited"}
"""Statuses at rest: an unfinished removal is taken up at boot, and nothing is `dead` unless something failed."""

_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Records:
    """What the engine has written down."""

    containers: dict[str, dict[str, Any]]
    snapshots: dict[int, tuple[str, str]]
    volumes: set[str]
    bridges: set[str]
    leases: int
    chains: set[str]
    text: str = field(repr=False)

    @property
    def running(self) -> set[str]:
        return {key for key, each in self.containers.items() if each["status"] in ("running", "paused")}


def read_records(engine: Engine) -> Records:
    """Return the records of an engine, running or not."""
    with tempfile.TemporaryDirectory(prefix="tt-db-") as copy:
        for suffix in ("", "-wal"):
            source = engine.data / f"transom.db{suffix}"
            if source.exists():
                shutil.copy(source, f"{copy}/transom.db{suffix}")
        connection = sqlite3.connect(f"{copy}/transom.db")
        try:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
            snapshots = connection.execute("SELECT number, key, state FROM snapshots").fetchall()
            documents = connection.execute("SELECT id, document FROM containers").fetchall()
            networks = connection.execute("SELECT document FROM networks").fetchall()
        finally:
            connection.close()
    # What a layer is stored as is a note, not a reason to keep the blob; what a pull left for another try is one.
    retries = {lease for lease, purpose, _ in found["leases"] if purpose == RETRY}
    kept = {name: rows for name, rows in found.items() if name not in ("layers", "lease_items", "migrations")}
    kept["retries"] = 2 * [row for row in found["lease_items"] if row[0] in retries]
    return Records(
        containers={key: json.loads(text)["container"] for key, text in documents},
        snapshots={number: (key, state) for number, key, state in snapshots},
        volumes={row[0] for row in found["volumes"]},
        bridges={json.loads(text)["bridge"] for (text,) in networks} - {""},
        leases=len(found["leases"]) - len(retries),
        text=json.dumps(kept),
        chains={chain for row in found["images"] for chain in _chains(json.loads(row[-1])["config"])},
    )


def _chains(config: str) -> Iterator[str]:
    """Yield the chain-ids of an image's layers. Source: OCI image-spec, config.md#layer-chainid."""
    chain = ""
    for diff_id in json.loads(config)["rootfs"]["diff_ids"]:
        chain = "sha256:" + hashlib.sha256(f"{chain} {diff_id}".encode()).hexdigest() if chain else diff_id
        yield chain


@dataclass(frozen=True, slots=True)
class Residue:
    """Looks over one engine. instance: how its names on the host begin."""

    engine: Engine

    @property
    def instance(self) -> str:
        return "transom-" + hashlib.sha256(str(self.engine.exec_root).encode()).hexdigest()[:6]

    def look(self) -> list[str]:
        """Return everything that breaks an invariant right now; the engine runs."""
        records = read_records(self.engine)
        return [
            *self._statuses(records),
            *self._exec_root(records),
            *self._data_root(records),
            *self._snapshots(records),
            *self._processes(records),
            *self._cgroups(records),
            *self._mounts(records),
            *self._links(records),
            *self._elements(records),
            *self._namespaces(records),
        ]

    def settle(self, *, timeout_s: float = 6) -> list[str]:
        """Return what still breaks an invariant after timeout_s; returns as soon as nothing does."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                found = self.look()
            except (sqlite3.Error, FileNotFoundError) as exc:  # changed while we looked
                found = [f"unreadable: {exc!r}"]
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(0.05)

    def _statuses(self, records: Records) -> Iterator[str]:
        for container_id, each in records.containers.items():
            if each["status"] not in LEGAL:
                yield f"container {container_id[:12]} is {each['status']}: {each.get('error')}"
        if records.leases:
            yield f"{records.leases} leases"

    def _exec_root(self, records: Records) -> Iterator[str]:
        root = self.engine.exec_root
        for pattern in ("containers/*", "wine/*", "runtime/*/*"):
            for path in root.glob(pattern):
                if path.name not in records.running:
                    yield f"in the exec root: {path.relative_to(root)}"
        for container_id in records.running:
            for path in (root / "containers" / container_id / "execs").glob("*"):
                if not _mentioned(str(path)):
                    yield f"an exec's directory: {path.relative_to(root)}"

    def _data_root(self, records: Records) -> Iterator[str]:
        data = self.engine.data
        for path in data.glob("containers/*"):
            if path.name not in records.containers:
                yield f"a container's files without a record: {path.name}"
        for path in data.glob("blobs/sha256/*"):
            if path.name not in records.text:
                yield f"a blob that nothing leads to: {path.name}"
        for pattern in ("ingest/*", "build/*", "builds/*", "bases/.*", "bases/transfer/*"):
            for path in data.glob(pattern):
                if path.suffix == SUFFIX:
                    continue  # what a pull left for another try; pruned
                yield f"half-made: {path.relative_to(data)}"
        for path in data.glob("volumes/*"):
            if path.name not in records.volumes:
                yield f"a volume without a record: {path.name}"

    def _snapshots(self, records: Records) -> Iterator[str]:
        data = self.engine.data
        for path in data.glob("snapshots/*"):
            if path.name.isdecimal() and int(path.name) not in records.snapshots:
                yield f"a snapshot without a record: {path.name}"
        for number, (key, state) in records.snapshots.items():
            if not (data / "snapshots" / str(number)).is_dir():
                yield f"a snapshot's record without files: {number} {key}"
            known = key in records.containers if state == "active" else state == "committed"
            if not known:
                yield f"snapshot {number} {key} is {state} and nobody's"
            # The snapshots table itself names it once; a child or a cached step does so again.
            if state == "committed" and key not in records.chains and records.text.count(key) < 2:
                yield f"snapshot {key} is of no use to anybody"

    def _processes(self, records: Records) -> Iterator[str]:
        monitored: set[str] = set()
        for pid, command in _commands():
            if str(self.engine.directory) not in command or pid == self.engine.pid or _is_client(command):
                continue
            owner = next((key for key in records.running if key in command), None)
            if owner is None:
                yield f"process {pid}: {command[:200]}"
            elif "conmon" in command.partition(" ")[0]:
                monitored.add(owner)
        for container_id in records.running - monitored:
            yield f"container {container_id[:12]} runs and has no monitor"
        for container_id in records.running:
            pid = records.containers[container_id]["pid"]
            if not Path(f"/proc/{pid}").exists():
                yield f"container {container_id[:12]} runs and has no process {pid}"

    def _cgroups(self, records: Records) -> Iterator[str]:
        for top in (_CGROUPS / self.instance, *_CGROUPS.glob(f"*/{self.instance}")):
            for path in top.iterdir() if top.is_dir() else ():
                if path.is_dir() and path.name != "monitors" and path.name not in records.running:
                    yield f"cgroup {path}"

    def _mounts(self, records: Records) -> Iterator[str]:
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            if str(self.engine.directory) in line and f" {self.engine.directory}" not in _own_tmpfs(line):
                yield f"a mount of the engine's on the host: {line}"
        for line in Path(f"/proc/{self.engine.pid}/mountinfo").read_text().splitlines():
            point = line.split()[4]
            if point.startswith(f"{self.engine.exec_root}/programs/"):
                continue  # the engine's view of its runtimes, which lasts as long as it does
            if point.startswith(str(self.engine.exec_root)) and not any(key in point for key in records.running):
                yield f"a mount in the engine's namespace: {point}"

    def _links(self, records: Records) -> Iterator[str]:
        tag = hashlib.sha256(self.instance.encode()).hexdigest()[:4]
        for name in os.listdir("/sys/class/net"):
            if name.startswith(f"v{tag}") and not any(name.startswith(f"v{tag}{key[:8]}") for key in records.running):
                yield f"link {name}"
            if name.startswith((f"b{tag}", self.instance)) and name not in records.bridges:
                yield f"bridge {name}"

    def _elements(self, records: Records) -> Iterator[str]:
        wanted = {
            int(binding["HostPort"])
            for key in records.running
            for bindings in records.containers[key].get("ports", {}).values()
            for binding in bindings or ()
        }
        listed = subprocess.run(
            ["nft", "-j", "list", "table", "ip", f"transom-{self.instance}"], capture_output=True, check=False
        )
        found = set()
        for each in json.loads(listed.stdout or b"{}").get("nftables", ()):
            for key, _ in each.get("map", {}).get("elem", ()):
                found.add(key["concat"][-1])
        if found - wanted:
            yield f"nft elements for ports {sorted(found - wanted)}"
        if wanted - found:
            yield f"no nft elements for ports {sorted(wanted - found)}"

    def _namespaces(self, records: Records) -> Iterator[str]:
        """Namespaces that only the engine keeps: beside its spare ones, each is some running container's."""
        held = _namespaces_held(self.engine.pid)
        living = {_namespace(records.containers[key]["pid"]) for key in records.running}
        spare = held - living - {_namespace(1), _namespace(os.getpid())}
        if len(spare) > SPARE_NAMESPACES:
            yield f"{len(spare)} network namespaces held that are no container's"


SPARE_NAMESPACES = 4


def _own_tmpfs(line: str) -> str:
    """Return the line if it is a file system that a test has put below the engine's directory, else ""."""
    return line if " - tmpfs " in line else ""


def _namespaces_held(pid: int) -> set[str]:
    held = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue
        if target.startswith("net:"):
            held.add(target)
    return held


def _namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return ""


def _commands() -> Iterator[tuple[int, str]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                command = Path(f"/proc/{entry}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if command:
                yield int(entry), command


def _is_client(command: str) -> bool:
    program = os.path.basename(command.partition(" ")[0])
    return program in ("docker", "transom") or (program.startswith("python") and "transomd" not in command)


def _mentioned(text: str) -> bool:
    return any(text in command for _, command in _commands())
