"""No address is out twice, none is lost, and none but the subnet's own are given."""

import contextlib
from ipaddress import IPv4Address, IPv4Network

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from transom.errors import Conflict, Forbidden, InvalidParameter
from transom.networks.ipam import Allocator
from transom.networks.network import Subnet


class Addresses(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.out: set[IPv4Address] = set()
        self.subnet = Subnet(IPv4Network("10.0.0.0/28"), IPv4Address("10.0.0.1"))
        self.pool = Allocator(self.subnet)

    @initialize(prefix=st.integers(26, 30), gateway=st.integers(1, 62), narrow=st.booleans())
    def begin(self, prefix: int, gateway: int, narrow: bool) -> None:
        network = IPv4Network(f"10.0.0.0/{prefix}")
        host = network[1 + gateway % (network.num_addresses - 2)]
        allocation = next(network.subnets(1)) if narrow and prefix < 30 else None
        self.subnet = Subnet(network, host, allocation)
        self.pool = Allocator(self.subnet)

    @rule()
    def allocate(self) -> None:
        allowed = set(self.subnet.allocation or self.subnet.network) & set(self.subnet.network.hosts())
        free = allowed - {self.subnet.gateway} - self.out
        try:
            address = self.pool.allocate()
        except Forbidden:
            assert not free
        else:
            assert address == min(free)
            self.out.add(address)

    @rule(number=st.integers(0, 70))
    def reserve(self, number: int) -> None:
        address = IPv4Address("10.0.0.0") + number
        with contextlib.suppress(Conflict, InvalidParameter):
            self.pool.reserve(address)
            assert address not in self.out
            assert address in set(self.subnet.network.hosts()) - {self.subnet.gateway}
            self.out.add(address)

    @rule(number=st.integers(0, 70))
    def release(self, number: int) -> None:
        address = IPv4Address("10.0.0.0") + number
        self.pool.release(address)
        self.out.discard(address)

    @invariant()
    def agrees(self) -> None:
        assert set(self.pool) == self.out


TestAddresses = Addresses.TestCase
TestAddresses.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
