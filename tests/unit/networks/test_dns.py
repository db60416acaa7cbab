import struct
from ipaddress import IPv4Address, IPv4Network

import pytest

from transom.networks.dns import (
    Malformed,
    Names,
    Rcode,
    answer,
    encode_name,
    fit_udp,
    matches,
    parse,
    refuse,
    reverse_address,
)

WEB, DB = IPv4Address("10.1.0.2"), IPv4Address("10.1.0.3")
NAMES = Names({"web": [WEB, DB]}, {WEB: ["web.n1"]}, [IPv4Network("10.1.0.0/16")])
A, PTR, AAAA, MX = 1, 12, 28, 15


def query(name: str, kind: int = A, *, number: int = 7, flags: int = 0x100, more: bytes = b"") -> bytes:
    head = struct.pack(">6H", number, flags, 1, 0, 0, 1 if more else 0)
    return head + encode_name(name) + struct.pack(">HH", kind, 1) + more


def reply_to(message: bytes, turn: int = 0) -> bytes | None:
    return answer(message, parse(message), NAMES, turn=turn)


def test_name_of_a_container_is_answered_in_any_case_and_in_turn() -> None:
    first, second = reply_to(query("WeB")), reply_to(query("web"), turn=1)
    assert first is not None
    assert second is not None
    assert first[:2] == b"\0\7"
    assert struct.unpack_from(">H", first, 6)[0] == 2
    assert first.index(WEB.packed) < first.index(DB.packed)
    assert second.index(DB.packed) < second.index(WEB.packed)
    assert first[12:17] == query("WeB")[12:17]  # the question comes back as it was asked


@pytest.mark.parametrize("kind", [AAAA, MX])
def test_other_types_of_a_containers_name_are_answered_with_nothing(kind: int) -> None:
    reply = reply_to(query("web", kind))
    assert reply is not None
    assert struct.unpack_from(">HHH", reply, 2) == (0x8180, 1, 0)


def test_name_of_nobody_is_for_others() -> None:
    assert reply_to(query("example.org")) is None
    assert reply_to(query("9.9.9.9.in-addr.arpa", PTR)) is None
    assert reply_to(query("9.0.1.10.in-addr.arpa", PTR)) is None


def test_address_of_a_container_has_its_name() -> None:
    reply = reply_to(query("2.0.1.10.in-addr.arpa", PTR))
    assert reply is not None
    assert encode_name("web.n1") in reply


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\0" * 11,
        query("web", flags=0x8100),
        query("web", flags=0x2800),
        query("web")[:-1],
        query("web")[:14],
        query("web").replace(b"\3web", b"\xc0\x0cb"),
        struct.pack(">6H", 1, 0x100, 2, 0, 0, 0) + encode_name("a") * 2,
        struct.pack(">6H", 1, 0x100, 1, 0, 0, 0) + b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1",
    ],
)
def test_what_is_no_query_is_malformed(message: bytes) -> None:
    with pytest.raises(Malformed):
        parse(message)


def test_refusal_keeps_number_and_question_and_answers_are_never_answered() -> None:
    reply = refuse(query("x"), Rcode.FAILED)
    assert reply is not None
    assert (reply[:2], reply[3] & 15, reply[12:]) == (b"\0\7", 2, query("x")[12:])
    assert refuse(query("x", flags=0x8180), Rcode.FAILED) is None
    assert refuse(b"\0" * 5, Rcode.FORMAT) is None
    assert refuse(query("x")[:14], Rcode.FORMAT) is not None


def test_answer_from_elsewhere_does_not_match() -> None:
    asked = query("example.org")
    assert matches(asked, query("EXAMPLE.org", flags=0x8180))
    assert not matches(asked, query("example.org", number=8, flags=0x8180))
    assert not matches(asked, query("evil.org", flags=0x8180))
    assert not matches(asked, asked)


def test_long_answer_is_cut_to_what_the_client_takes() -> None:
    asked = query("example.org")
    long = asked[:2] + b"\x81\x80" + asked[4:] + b"x" * 1000
    assert fit_udp(asked, long)[2] & 0x02
    assert len(fit_udp(asked, long)) == len(asked)
    roomy = query("example.org", more=b"\0\0\x29\x10\x00" + b"\0" * 6)
    assert fit_udp(roomy, long) == long


def test_reverse_address() -> None:
    assert reverse_address("4.3.2.1.in-addr.arpa") == IPv4Address("1.2.3.4")
    assert reverse_address("3.2.1.in-addr.arpa") is None
    assert reverse_address("example.org") is None
