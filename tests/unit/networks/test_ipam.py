from ipaddress import IPv4Address, IPv4Network

import pytest

from transom.errors import Conflict, Forbidden, InvalidParameter
from transom.networks.ipam import Allocator, check_free, choose_subnet, subnet_from
from transom.networks.network import Subnet


def subnet(text: str, gateway: str = "") -> Subnet:
    return subnet_from(text, gateway)


def test_choose_subnet_leaves_docker0s_for_the_last() -> None:
    assert choose_subnet([]).network == IPv4Network("172.18.0.0/16")
    taken = [IPv4Network("172.16.0.0/12")]
    assert choose_subnet(taken).network == IPv4Network("192.168.0.0/20")
    everything_else = [IPv4Network(f"172.{number}.0.0/16") for number in range(18, 32)] + [
        IPv4Network("192.168.0.0/16")
    ]
    assert choose_subnet(everything_else).network == IPv4Network("172.17.0.0/16")


def test_choose_subnet_skips_what_overlaps_and_ignores_the_default_route() -> None:
    taken = [IPv4Network("0.0.0.0/0"), IPv4Network("172.18.5.0/24"), IPv4Network("172.19.0.0/16")]
    assert choose_subnet(taken).gateway == IPv4Address("172.20.0.1")


def test_choose_subnet_when_all_are_taken_is_dockers_error() -> None:
    with pytest.raises(Forbidden, match="all predefined address pools have been fully subnetted"):
        choose_subnet([IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16")])


def test_allocate_gives_the_lowest_free_address() -> None:
    pool = Allocator(subnet("10.1.0.0/29"))
    assert [str(pool.allocate()) for _ in range(3)] == ["10.1.0.2", "10.1.0.3", "10.1.0.4"]
    pool.release(IPv4Address("10.1.0.3"))
    assert str(pool.allocate()) == "10.1.0.3"


def test_allocate_from_a_full_subnet_is_refused() -> None:
    pool = Allocator(subnet("10.1.0.0/30"))
    pool.allocate()
    with pytest.raises(Forbidden, match="no available IPv4 addresses"):
        pool.allocate()


def test_allocate_stays_in_the_range_and_off_reserved_addresses() -> None:
    pool = Allocator(subnet_from("10.1.0.0/24", "10.1.0.254", "10.1.0.128/30", {"router": "10.1.0.129"}))
    assert [str(pool.allocate()) for _ in range(3)] == ["10.1.0.128", "10.1.0.130", "10.1.0.131"]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("10.1.0.1", Conflict),
        ("10.1.0.2", Conflict),
        ("10.1.0.0", InvalidParameter),
        ("10.1.0.255", InvalidParameter),
        ("10.2.0.1", InvalidParameter),
    ],
)
def test_reserve_what_is_not_to_be_had_is_refused(address: str, kind: type[Exception]) -> None:
    pool = Allocator(subnet("10.1.0.0/24"))
    pool.allocate()
    with pytest.raises(kind):
        pool.reserve(IPv4Address(address))


def test_reserve_outside_the_range_is_allowed() -> None:
    pool = Allocator(subnet_from("10.1.0.0/24", "", "10.1.0.128/25"))
    pool.reserve(IPv4Address("10.1.0.7"))
    pool.release(IPv4Address("10.1.0.7"))
    pool.reserve(IPv4Address("10.1.0.7"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("10.1.0.0/33",),
        ("nonsense",),
        ("10.1.0.0/31",),
        ("10.1.0.0/24", "10.2.0.1"),
        ("10.1.0.0/24", "10.1.0.0"),
        ("10.1.0.0/24", "x"),
        ("10.1.0.0/24", "", "10.2.0.0/25"),
        ("10.1.0.0/24", "", "", {"a": "10.9.9.9"}),
    ],
)
def test_subnet_that_is_none_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(InvalidParameter):
        subnet_from(*arguments)  # type: ignore[arg-type]


def test_overlapping_networks_are_refused_with_dockers_text() -> None:
    with pytest.raises(Forbidden, match="Pool overlaps with other one on this address space"):
        check_free(subnet("10.1.0.0/16"), [subnet("10.1.5.0/24")])
    check_free(subnet("10.1.0.0/16"), [subnet("10.2.0.0/16")])
