"""Asks other owners of the host's firewall to let our packets pass, and asks again after they have reloaded."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Sequence
from typing import Final

from transom.aio.operations import Operations
from transom.host import nft
from transom.host.netlink import NetlinkError
from transom.host.netns import NamespaceThread
from transom.host.run import ProgramMissing, run
from transom.networks import doors
from transom.networks.rules import MARK

log = logging.getLogger(__name__)

SETTLE_S: Final = 0.3
"""A reload is many changes; the last of them counts."""
LEGACY_INTERVAL_S: Final = 15.0
"""The old iptables tables tell nobody when they change."""
_PROGRAM_TIMEOUT_S: Final = 10.0


class Firewall:
    """Keeps one marked accept at each door while there are bridges."""

    def __init__(self, table: str, comment: str, thread: NamespaceThread, operations: Operations) -> None:
        """Do nothing yet."""
        self._table = table
        self._rule = doors.rule(MARK, comment)
        self._thread = thread
        self._operations = operations
        self._bridges: tuple[str, ...] = ()
        self._placed: set[tuple[str, str]] = set()
        self._zoned: set[str] = set()
        self._warned: set[doors.Chain] = set()
        self._changes: nft.Changes | None = None
        self._wanted = asyncio.Event()
        self._busy = asyncio.Lock()
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to watch."""
        try:
            self._changes = await self._thread.run(nft.Changes)
        except NetlinkError as exc:
            log.warning("changes of other firewalls go unnoticed", extra={"error": str(exc)})
        else:
            asyncio.get_running_loop().add_reader(self._changes.fileno(), self._on_change)
        self._watcher = self._operations.spawn(self._watch(), name="watch firewalls")

    async def cover(self, bridges: Sequence[str]) -> None:
        """Let the packets of these bridges pass, and of no others any longer."""
        async with self._busy:
            gone = [bridge for bridge in self._bridges if bridge not in bridges]
            self._bridges = tuple(bridges)
            await self._leave_zone(gone)
            await self._place()

    async def close(self, *, leave: bool) -> None:
        """Stop watching; unless leave, take our rules out again."""
        if self._watcher is not None:
            self._watcher.cancel()
        if self._changes is not None:
            asyncio.get_running_loop().remove_reader(self._changes.fileno())
            self._changes.close()
            self._changes = None
        if not leave:
            async with self._busy:
                await self._leave_zone([*self._zoned])
                for program, chain in await self._all_doors():
                    while await self._iptables(program, "-D", chain):
                        pass
                self._placed.clear()

    def _on_change(self) -> None:
        if self._changes is not None and self._changes.foreign():
            self._wanted.set()

    async def _watch(self) -> None:
        while True:
            legacy = any(program == "iptables-legacy" for program, _ in self._placed)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEGACY_INTERVAL_S if legacy else None):
                    await self._wanted.wait()
            await asyncio.sleep(SETTLE_S)
            self._wanted.clear()
            async with self._busy:
                await self._place()

    async def _survey(self) -> doors.Found:
        try:
            listing = await self._thread.run(lambda: nft.run("list chains", json=True))
        except nft.NftError as exc:
            log.warning("cannot look for other firewalls", extra={"error": str(exc)})
            return doors.Found()
        legacy: list[doors.Chain] = []
        if await asyncio.to_thread(_has_legacy_tables) and shutil.which("iptables-legacy"):
            legacy = doors.legacy_chains(await self._output("iptables-legacy", "-w", "-S"))
        return doors.survey(
            doors.chains_in(listing, (self._table,)), legacy, has_iptables=shutil.which("iptables") is not None
        )

    async def _place(self) -> None:
        if not self._bridges:
            return
        found = await self._survey()
        for program, chain in found.iptables:
            if not await self._iptables(program, "-C", chain) and await self._iptables(program, "-I", chain, "1"):
                log.info("asked another firewall to let our packets pass", extra={"program": program, "chain": chain})
        self._placed = set(found.iptables)
        if found.firewalld:
            for bridge in self._bridges:
                await self._enter_zone(bridge)
        for stubborn in set(found.stubborn) - self._warned:
            self._warned.add(stubborn)
            log.warning(
                "another firewall drops what containers send and receive; add a rule to its chain: "
                "meta mark and %#x == %#x accept",
                MARK,
                MARK,
                extra={"family": stubborn.family, "table": stubborn.table, "chain": stubborn.name},
            )

    async def _all_doors(self) -> set[tuple[str, str]]:
        """Return where our rule may be: also where an earlier engine of this instance put it."""
        found = await self._survey()
        return self._placed | set(found.iptables)

    async def _iptables(self, program: str, action: str, chain: str, *place: str) -> bool:
        return await self._succeeds(program, "-w", action, chain, *place, *self._rule)

    async def _enter_zone(self, bridge: str) -> None:
        zone = (await self._output("firewall-cmd", "--get-zone-of-interface", bridge)).strip()
        if zone == doors.FIREWALLD_ZONE:
            self._zoned.add(bridge)
        elif await self._succeeds("firewall-cmd", f"--zone={doors.FIREWALLD_ZONE}", f"--change-interface={bridge}"):
            self._zoned.add(bridge)
            log.info("put a bridge into a zone of firewalld", extra={"bridge": bridge, "zone": doors.FIREWALLD_ZONE})
        else:
            log.warning("firewalld refused a bridge; published ports may not answer", extra={"bridge": bridge})

    async def _leave_zone(self, bridges: Sequence[str]) -> None:
        for bridge in bridges:
            if bridge in self._zoned:
                self._zoned.discard(bridge)
                await self._succeeds("firewall-cmd", f"--zone={doors.FIREWALLD_ZONE}", f"--remove-interface={bridge}")

    async def _succeeds(self, *argv: str) -> bool:
        try:
            return (await run(argv, timeout_s=_PROGRAM_TIMEOUT_S)).code == 0
        except (ProgramMissing, TimeoutError) as exc:
            log.debug("firewall program failed", extra={"program": argv[0], "error": str(exc)})
            return False

    async def _output(self, *argv: str) -> str:
        try:
            return (await run(argv, timeout_s=_PROGRAM_TIMEOUT_S)).stdout.decode(errors="replace")
        except (ProgramMissing, TimeoutError):
            return ""


def _has_legacy_tables() -> bool:
    try:
        with open("/proc/net/ip_tables_names", encoding="ascii") as file:
            return "filter" in file.read().split()
    except OSError:
        return False
