import pytest

from transom.errors import InvalidParameter
from transom.networks.endpoint import Endpoint, SandboxRequest
from transom.networks.hosts import (
    Resolving,
    extra_hosts,
    host_resolving,
    hosts,
    parse_resolv_conf,
    resolv_conf,
    resolving_for,
)

REQUEST = SandboxRequest("c" * 64, hostname="web", domainname="")


def endpoint(address: str) -> Endpoint:
    return Endpoint("n", "bridge", "e", address, 16, "172.18.0.1", "02:42:ac:12:00:02")


def test_hosts_has_dockers_lines_and_the_containers_own() -> None:
    text = hosts(REQUEST, [endpoint("172.18.0.2")], gateway="172.18.0.1")
    assert text == (
        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\n"
        "ff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n172.18.0.2\tweb\n"
    )


def test_hosts_with_domain_has_the_long_name_first() -> None:
    request = SandboxRequest("c", hostname="web", domainname="example.org")
    assert hosts(request, [endpoint("172.18.0.2")], gateway="").endswith("172.18.0.2\tweb.example.org web\n")


def test_extra_hosts_take_both_forms_ipv6_and_the_gateway() -> None:
    asked = ["a:10.0.0.1", "b=10.0.0.2", "c:[fd00::1]", "d:fd00::2", "e:host-gateway"]
    assert extra_hosts(asked, "172.18.0.1") == [
        ("10.0.0.1", "a"), ("10.0.0.2", "b"), ("fd00::1", "c"), ("fd00::2", "d"), ("172.18.0.1", "e"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name:",
        ":10.0.0.1",
        "name:nonsense",
        "name:10.0.0.1\nevil:10.0.0.2",
        "a\nb:10.0.0.1",
        "a b:10.0.0.1",
    ],
)
def test_extra_hosts_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        extra_hosts([text], "172.18.0.1")


def test_host_gateway_without_one_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="host-gateway"):
        extra_hosts(["x:host-gateway"], "")


def test_parse_resolv_conf_takes_what_means_something() -> None:
    text = (
        "# c\nnameserver 10.0.0.1 ; x\nnameserver bad\ndomain old\nsearch a b\n"
        "options ndots:2\noptions timeout:1\nsortlist 1\n"
    )
    assert parse_resolv_conf(text) == Resolving(("10.0.0.1",), ("a", "b"), ("ndots:2", "timeout:1"))


def test_stub_is_replaced_by_what_systemd_resolved_lists() -> None:
    stub = "nameserver 127.0.0.53\nsearch lan\noptions edns0\n"
    assert host_resolving([stub, "nameserver 10.0.0.1\n"]) == Resolving(("10.0.0.1",), ("lan",), ("edns0",))
    assert host_resolving([stub, ""]) == Resolving(("127.0.0.53",), ("lan",), ("edns0",))


def test_default_network_gets_the_hosts_servers() -> None:
    shown, asked = resolving_for(REQUEST, Resolving(("10.0.0.1", "127.0.0.1"), ("lan",)), embedded=False)
    assert (shown.nameservers, shown.search) == (("10.0.0.1",), ("lan",))
    assert asked.nameservers == ("10.0.0.1", "127.0.0.1")


def test_host_with_a_loopback_server_only_gets_the_engines_name_service() -> None:
    shown, asked = resolving_for(REQUEST, Resolving(("127.0.0.53",)), embedded=False)
    assert shown.nameservers == ("127.0.0.11",)
    assert asked.nameservers == ("127.0.0.53",)


def test_network_with_names_gets_the_engines_name_service_and_ndots() -> None:
    shown, _ = resolving_for(REQUEST, Resolving(("10.0.0.1",)), embedded=True)
    assert resolv_conf(shown).endswith("\nnameserver 127.0.0.11\noptions ndots:0\n")
    own = SandboxRequest("c", dns_options=("ndots:3",))
    assert resolving_for(own, Resolving(), embedded=True)[0].options == ("ndots:3",)


def test_dns_flags_win() -> None:
    request = SandboxRequest("c", dns=("9.9.9.9",), dns_search=("x.org",), dns_options=("timeout:1",))
    shown, _ = resolving_for(request, Resolving(("10.0.0.1",), ("lan",), ("edns0",)), embedded=False)
    assert shown == Resolving(("9.9.9.9",), ("x.org",), ("timeout:1",))
    cleared = SandboxRequest("c", dns_search=(".",))
    assert resolving_for(cleared, Resolving(("10.0.0.1",), ("lan",)), embedded=False)[0].search == ()
    with pytest.raises(InvalidParameter):
        resolving_for(SandboxRequest("c", dns=("nonsense",)), Resolving(), embedded=False)
    with pytest.raises(InvalidParameter):
        resolving_for(SandboxRequest("c", dns_search=("x\nnameserver 6.6.6.6",)), Resolving(), embedded=False)
