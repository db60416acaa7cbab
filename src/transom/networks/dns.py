"""Answers of the name service, as bytes in and bytes out.

Source: RFC 1035 §4.1 (messages), §4.1.4 (compression); RFC 6891 (EDNS is let pass to the servers that we ask).
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Final

TTL_S: Final = 600
"""As Docker's."""
MAX_UDP: Final = 512
_HEADER = struct.Struct(">HHHHHH")
_A, _PTR, _AAAA, _IN = 1, 12, 28, 1
_RESPONSE, _OPCODE, _TRUNCATED, _RECURSION_DESIRED, _RECURSION_AVAILABLE = 0x8000, 0x7800, 0x200, 0x100, 0x80


class Rcode(IntEnum):
    """Result of a query."""

    OK = 0
    FORMAT = 1
    FAILED = 2
    NO_NAME = 3
    NOT_IMPLEMENTED = 4


@dataclass(frozen=True, slots=True)
class Question:
    """The one question of a query. end: where it ends in the message."""

    id: int
    flags: int
    name: str
    kind: int
    end: int


class Malformed(ValueError):
    """The message is no query that can be answered."""


def parse(message: bytes) -> Question:
    """Return the question of a query.

    Raises:
        Malformed: it is not a query with exactly one question; `args[0]` says why.
    """
    if len(message) < _HEADER.size:
        raise Malformed("shorter than a header")
    number, flags, questions, _, _, _ = _HEADER.unpack_from(message)
    if flags & _RESPONSE or flags & _OPCODE or questions != 1:
        raise Malformed("not a plain query with one question")
    labels: list[str] = []
    offset, length = _HEADER.size, 0
    while True:
        if offset >= len(message):
            raise Malformed("the name has no end")
        size = message[offset]
        offset += 1
        if size == 0:
            break
        length += size + 1
        if size > 63 or length > 254 or offset + size > len(message):
            raise Malformed("a label is too long")
        labels.append(message[offset : offset + size].decode("latin-1"))
        offset += size
    if offset + 4 > len(message):
        raise Malformed("the question is cut off")
    kind, kind_class = struct.unpack_from(">HH", message, offset)
    if kind_class != _IN:
        raise Malformed("not of class IN")
    return Question(number, flags, ".".join(labels).lower(), kind, offset + 4)


@dataclass(frozen=True, slots=True)
class Names:
    """What one container may ask about: names to addresses, addresses to names, and the subnets that are ours."""

    addresses: Mapping[str, Sequence[IPv4Address]]
    reverse: Mapping[IPv4Address, Sequence[str]]
    subnets: Sequence[IPv4Network] = ()


def answer(message: bytes, question: Question, names: Names, *, turn: int = 0) -> bytes | None:
    """Return the reply, or None where the question is not about our containers.

    turn: rotates the order of several addresses. An AAAA question about a name of ours is answered with nothing, so
    that nobody outside is asked about it.
    """
    if question.kind in (_A, _AAAA):
        found = names.addresses.get(question.name)
        if found is None:
            return None
        if question.kind == _AAAA:
            return _reply(message, question, [])
        turned = [found[(turn + place) % len(found)] for place in range(len(found))]
        return _reply(message, question, [(_A, address.packed) for address in turned])
    if question.kind == _PTR:
        address = reverse_address(question.name)
        if address is None or not any(address in subnet for subnet in names.subnets):
            return None
        pointed = names.reverse.get(address)
        return _reply(message, question, [(_PTR, encode_name(name)) for name in pointed]) if pointed else None
    # Other types of a container's name: nothing, rather than the name to the outside.
    return _reply(message, question, []) if question.name in names.addresses else None


def refuse(message: bytes, code: Rcode) -> bytes | None:
    """Return a reply without answers, or None where message does not even have a header."""
    if len(message) < _HEADER.size:
        return None
    number, flags, _, _, _, _ = _HEADER.unpack_from(message)
    if flags & _RESPONSE:
        return None  # never answer an answer: two services would talk for ever
    try:
        end = parse(message).end
    except Malformed:
        return _HEADER.pack(number, _RESPONSE | _RECURSION_AVAILABLE | flags & _RECURSION_DESIRED | code, 0, 0, 0, 0)
    head = _HEADER.pack(number, _RESPONSE | _RECURSION_AVAILABLE | flags & _RECURSION_DESIRED | code, 1, 0, 0, 0)
    return head + message[_HEADER.size : end]


def matches(query: bytes, reply: bytes) -> bool:
    """Tell whether reply can be the answer to query: same number, same question."""
    if len(reply) < _HEADER.size or reply[:2] != query[:2] or not reply[2] & 0x80:
        return False
    end = parse(query).end
    return reply[4:6] != b"\0\1" or reply[_HEADER.size : end].lower() == query[_HEADER.size : end].lower()


def fit_udp(query: bytes, reply: bytes) -> bytes:
    """Return reply, or, where it is longer than the client of query can take, its head with the truncated flag."""
    limit = max(MAX_UDP, _edns_size(query))
    if len(reply) <= limit:
        return reply
    number, flags, *_ = _HEADER.unpack_from(reply)
    end = parse(query).end
    return _HEADER.pack(number, flags | _TRUNCATED, 1, 0, 0, 0) + query[_HEADER.size : end]


def reverse_address(name: str) -> IPv4Address | None:
    """Return the address that `4.3.2.1.in-addr.arpa` asks about, or None."""
    head, found, rest = name.rpartition(".in-addr.arpa")
    if not found or rest:
        return None
    try:
        return IPv4Address(".".join(reversed(head.split("."))))
    except ValueError:
        return None


def encode_name(name: str) -> bytes:
    """Return name in wire form."""
    labels = [label.encode("latin-1", "replace")[:63] for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _reply(message: bytes, question: Question, records: Sequence[tuple[int, bytes]]) -> bytes:
    flags = _RESPONSE | _RECURSION_AVAILABLE | question.flags & _RECURSION_DESIRED
    body = b"".join(struct.pack(">HHHIH", 0xC00C, kind, _IN, TTL_S, len(data)) + data for kind, data in records)
    head = _HEADER.pack(question.id, flags, 1, len(records), 0, 0)
    return head + message[_HEADER.size : question.end] + body


def _edns_size(query: bytes) -> int:
    end = parse(query).end
    additional = _HEADER.unpack_from(query)[5]
    # OPT record of a query comes first after the question: root name, type 41, size in the place of the class.
    if additional and query[end : end + 3] == b"\0\0\x29" and len(query) >= end + 5:
        return int(struct.unpack_from(">H", query, end + 3)[0])
    return 0
