import pytest

from transom.errors import InvalidParameter, NotSupported
from transom.networks.endpoint import PortRequest, PublishedPort
from transom.networks.ports import EPHEMERAL, ephemeral_from, host_form, taken_text, wanted


def test_no_address_means_both_families() -> None:
    assert wanted(PortRequest(80, host_port="8080")).addresses == ("0.0.0.0", "::")
    assert wanted(PortRequest(80), ipv6=False).addresses == ("0.0.0.0",)
    assert wanted(PortRequest(80), default_host_ip="127.0.0.1").addresses == ("127.0.0.1",)
    assert wanted(PortRequest(80, host_ip="0.0.0.0")).addresses == ("0.0.0.0",)
    assert wanted(PortRequest(80, host_ip="[::1]")).addresses == ("::1",)


def test_host_port_is_one_a_range_or_chosen() -> None:
    assert wanted(PortRequest(80, host_port="8080")).candidates == range(8080, 8081)
    assert wanted(PortRequest(80, host_port="8000-8002")).candidates == range(8000, 8003)
    assert wanted(PortRequest(80)).candidates == EPHEMERAL
    assert wanted(PortRequest(80, host_port="0")).candidates == EPHEMERAL


@pytest.mark.parametrize(
    "request_",
    [
        PortRequest(0), PortRequest(70000), PortRequest(80, "icmp"), PortRequest(80, host_port="x"),
        PortRequest(80, host_port="9-8"), PortRequest(80, host_port="70000"), PortRequest(80, host_port="-5"),
        PortRequest(80, host_ip="nonsense"),
    ],
)  # fmt: skip
def test_what_is_no_port_is_refused(request_: PortRequest) -> None:
    with pytest.raises(InvalidParameter):
        wanted(request_)


def test_sctp_is_not_supported_and_says_what_to_do() -> None:
    with pytest.raises(NotSupported, match="--network host"):
        wanted(PortRequest(80, "sctp"))


def test_chosen_ports_go_round() -> None:
    small = range(10, 14)
    assert list(ephemeral_from(12, small)) == [12, 13, 10, 11]
    assert list(ephemeral_from(99, small)) == [10, 11, 12, 13]


def test_taken_port_has_dockers_text() -> None:
    assert host_form("::", 80) == "[::]:80"
    assert taken_text("web", "abc", PublishedPort(80, "tcp", "0.0.0.0", 8080)) == (
        "failed to set up container networking: driver failed programming external connectivity on endpoint web (abc): "
        "failed to bind host port 0.0.0.0:8080/tcp: address already in use"
    )
