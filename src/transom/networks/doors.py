"""Other owners of the host's firewall: which of them would drop what we let pass, and by which door we ask them.

An accept in our table ends our chain alone; a drop in any other is final. So one marked accept goes through the door
that each owner keeps for this: DOCKER-USER of dockerd, ufw-user-forward of ufw, a zone of firewalld.
Source: docs.docker.com "Packet filtering and firewalls"; ufw-framework(8), chains; firewalld.zone(5), target ACCEPT.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

FIREWALLD_ZONE: Final = "trusted"
_DOORS: Final = ("DOCKER-USER", "ufw-user-forward")


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of somebody else. policy is empty for one that hangs on no hook."""

    family: str
    table: str
    name: str
    hook: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to be asked.

    iptables: (program, chain) pairs that want our rule. firewalld: it runs. stubborn: chains that drop what is
    forwarded and that have no door: a person has to act.
    """

    iptables: tuple[tuple[str, str], ...] = ()
    firewalld: bool = False
    stubborn: tuple[Chain, ...] = ()


def chains_in(listing: str, ours: Collection[str] = ()) -> list[Chain]:
    """Return the chains of `nft -j list chains` that are in none of our tables."""
    found = []
    for item in json.loads(listing or '{"nftables": []}').get("nftables", []):
        chain: dict[str, Any] | None = item.get("chain")
        if chain is not None and chain.get("table") not in ours:
            found.append(
                Chain(chain["family"], chain["table"], chain["name"], chain.get("hook", ""), chain.get("policy", ""))
            )
    return found


def legacy_chains(listing: str) -> list[Chain]:
    """Return the chains of `iptables-legacy -S`, as if they were nftables'."""
    found = []
    for line in listing.splitlines():
        match line.split():
            case ["-P", name, policy]:
                found.append(Chain("ip", "filter", name, name.lower(), policy.lower()))
            case ["-N", name]:
                found.append(Chain("ip", "filter", name))
            case _:
                pass
    return found


def survey(chains: Sequence[Chain], legacy: Sequence[Chain], *, has_iptables: bool) -> Found:
    """Return who has to be asked. has_iptables: its program is installed."""
    iptables = []
    for program, owned in (("iptables", chains), ("iptables-legacy", legacy)):
        names = {chain.name: chain for chain in owned if chain.family == "ip" and chain.table == "filter"}
        forward = names.get("FORWARD")
        if forward is None or (program == "iptables" and not has_iptables):
            continue
        door = next((name for name in _DOORS if name in names), None)
        if door or forward.policy == "drop":
            iptables.append((program, door or "FORWARD"))
    firewalld = any(chain.table == "firewalld" for chain in chains)
    stubborn = [
        chain
        for chain in chains
        if chain.hook == "forward"
        and chain.policy == "drop"
        and chain.family in ("ip", "inet")
        and chain.table != "firewalld"
        and not (has_iptables and chain.family == "ip" and chain.table == "filter" and chain.name == "FORWARD")
    ]
    return Found(tuple(iptables), firewalld, tuple(stubborn))


def rule(mark: int, comment: str) -> tuple[str, ...]:
    """Return our rule in iptables' words."""
    return ("-m", "mark", "--mark", f"{mark:#x}/{mark:#x}", "-m", "comment", "--comment", comment, "-j", "ACCEPT")
