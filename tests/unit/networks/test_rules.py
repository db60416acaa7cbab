from datetime import UTC, datetime

from transom.model.ids import NetworkId
from transom.networks.endpoint import Endpoint, PublishedPort
from transom.networks.ipam import subnet_from
from transom.networks.network import Kind, Network
from transom.networks.rules import MARK, Forwarding, forwardings, removal, table


def network(name: str, subnet: str, **more: object) -> Network:
    return Network(
        id=NetworkId(name * 8), name=name, driver=Kind.BRIDGE, created_at=datetime.now(UTC),
        subnet=subnet_from(subnet), bridge=f"{name}0", **more,  # type: ignore[arg-type]
    )  # fmt: skip


def endpoint() -> Endpoint:
    return Endpoint("n" * 64, "bridge", "e" * 64, "10.1.0.2", 16, "10.1.0.1", "02:42:0a:01:00:02")


def test_published_ports_become_elements_and_ipv6_ones_do_not() -> None:
    ports = [
        PublishedPort(80, "tcp", "0.0.0.0", 8080),
        PublishedPort(80, "tcp", "::", 8080),
        PublishedPort(53, "udp", "127.0.0.1", 5353),
    ]
    anywhere, one = forwardings(endpoint(), ports)
    assert (anywhere.map_name, anywhere.text) == ("published_anywhere", "tcp . 8080 : 10.1.0.2 . 80")
    assert (one.map_name, one.text) == ("published", "127.0.0.1 . udp . 5353 : 10.1.0.2 . 53")
    assert anywhere.key == bytes([6, 0, 0, 0]) + (8080).to_bytes(2, "big") + b"\0\0"
    assert one.key == bytes([127, 0, 0, 1, 17, 0, 0, 0]) + (5353).to_bytes(2, "big") + b"\0\0"
    assert one.data == bytes([10, 1, 0, 2]) + (53).to_bytes(2, "big") + b"\0\0"


def test_nothing_is_forwarded_to_a_container_without_a_way_out() -> None:
    assert forwardings(None, [PublishedPort(80, "tcp", "0.0.0.0", 8080)]) == ()


def test_table_is_replaced_in_one_transaction_and_names_only_this_instance() -> None:
    text = table("transom-x", [network("a", "10.1.0.0/16")], [Forwarding("0.0.0.0", "tcp", 1, "10.1.0.2", 2)])
    assert text.startswith("table ip transom-x\ndelete table ip transom-x\ntable ip transom-x {\n")
    assert "elements = { tcp . 1 : 10.1.0.2 . 2 }" in text
    assert 'elements = { "a0" }' in text
    assert removal("transom-x") == "table ip transom-x\ndelete table ip transom-x\n"


def test_sets_follow_the_networks_options() -> None:
    networks = [
        network("open", "10.1.0.0/16"),
        network("closed", "10.2.0.0/16", internal=True),
        network("apart", "10.3.0.0/16", options={"com.docker.network.bridge.enable_icc": "false"}),
        network("routed", "10.4.0.0/16", options={"com.docker.network.bridge.enable_ip_masquerade": "false"}),
        Network(NetworkId("h" * 64), "host", Kind.HOST, datetime.now(UTC)),
    ]
    text = table("t", networks, [])

    def elements(name: str) -> str:
        return text.partition(f"  set {name} {{")[2].partition("elements = { ")[2].partition(" }")[0]

    assert elements("bridges") == '"open0", "closed0", "apart0", "routed0"'
    assert elements("internal") == '"closed0"'
    assert elements("together") == '"open0" . "open0", "closed0" . "closed0", "routed0" . "routed0"'
    assert elements("masqueraded") == "10.1.0.0/16, 10.3.0.0/16"
    assert elements("inside") == "127.0.0.0/8, 10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16"


def test_everything_that_is_let_pass_to_or_from_a_bridge_is_marked() -> None:
    chain = table("t", [], []).partition("chain forward {")[2].partition("}")[0]
    accepting = [line.strip() for line in chain.splitlines() if line.strip().endswith("accept")]
    assert len(accepting) == 4
    assert all(f"meta mark set meta mark or {MARK:#x}" in line for line in accepting)
