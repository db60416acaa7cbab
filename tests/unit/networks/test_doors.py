import json

from transom.networks.doors import Chain, Found, chains_in, legacy_chains, survey


def chain(name: str, *, hook: str = "", policy: str = "", table: str = "filter", family: str = "ip") -> Chain:
    return Chain(family, table, name, hook, policy)


FORWARD = chain("FORWARD", hook="forward", policy="drop")
OPEN = chain("FORWARD", hook="forward", policy="accept")


def test_nobody_there_is_nobody_asked() -> None:
    assert survey([], [], has_iptables=True) == Found()
    assert survey([OPEN], [], has_iptables=True) == Found()


def test_dockers_door_comes_before_ufws() -> None:
    chains = [FORWARD, chain("ufw-user-forward"), chain("DOCKER-USER")]
    assert survey(chains, [], has_iptables=True).iptables == (("iptables", "DOCKER-USER"),)
    assert survey(chains[:2], [], has_iptables=True).iptables == (("iptables", "ufw-user-forward"),)
    assert survey(chains[:1], [], has_iptables=True).iptables == (("iptables", "FORWARD"),)


def test_legacy_tables_are_asked_by_their_own_program() -> None:
    legacy = legacy_chains("-P INPUT ACCEPT\n-P FORWARD DROP\n-N DOCKER-USER\n-A FORWARD -j DOCKER-USER\n")
    assert survey([OPEN], legacy, has_iptables=True).iptables == (("iptables-legacy", "DOCKER-USER"),)


def test_firewalld_is_known_by_its_table_and_is_not_stubborn() -> None:
    found = survey([chain("filter_FORWARD", table="firewalld", family="inet", hook="forward", policy="drop")], [],
                   has_iptables=False)  # fmt: skip
    assert found == Found(firewalld=True)


def test_chain_without_a_door_is_reported() -> None:
    own = chain("forward", table="mine", family="inet", hook="forward", policy="drop")
    assert survey([own], [], has_iptables=True).stubborn == (own,)
    assert survey([FORWARD], [], has_iptables=False).stubborn == (FORWARD,)


def test_listing_is_read_without_our_own_tables() -> None:
    listing = {"nftables": [
        {"metainfo": {"version": "1"}},
        {"chain": {"family": "ip", "table": "transom", "name": "forward", "hook": "forward", "policy": "accept"}},
        {"chain": {"family": "ip", "table": "filter", "name": "X", "handle": 1}},
    ]}  # fmt: skip
    assert chains_in(json.dumps(listing), ("transom",)) == [chain("X")]
    assert chains_in("") == []
