"""Netlink by hand: messages are packed here and sent in batches.

pyroute2 takes 0.2 s to import and about 1 ms per call; a container's attachment is six messages in two packets.
Source: man pages netlink(7), rtnetlink(7); Linux include/uapi/linux/netlink.h.
"""

import os
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transom.errors import TransomError

ROUTE = 0
NETFILTER = 12

REQUEST, ACK, CREATE, EXCL = 0x1, 0x4, 0x400, 0x200
DUMP = 0x300
_ERROR, _DONE = 2, 3
_NESTED = 0x8000
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_BUFFER = 1 << 16
_SOL_NETLINK, _EXT_ACK, _CAP_ACK, _STRICT_CHECK = 270, 11, 10, 12


class NetlinkError(TransomError):
    """The kernel refused a message; `code` is its errno."""

    def __init__(self, code: int, doing: str) -> None:
        super().__init__(f"{doing}: {os.strerror(code).lower()}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Message:
    """One request: type, flags besides REQUEST and ACK, payload. doing is for the error's text.

    answered=False: the kernel acknowledges it with the messages around it (begin and end of a netfilter batch).
    """

    kind: int
    flags: int
    payload: bytes
    doing: str = "netlink"
    answered: bool = True


_NONE = Message(0, 0, b"", "netlink")


def attribute(kind: int, value: bytes) -> bytes:
    """Pack one attribute, padded."""
    return _ATTRIBUTE.pack(4 + len(value), kind) + value + bytes(-len(value) % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """Pack attributes into one of kind."""
    return attribute(kind | _NESTED, b"".join(attributes))


def text(value: str) -> bytes:
    """Return value as a C string."""
    return value.encode() + b"\0"


def parse_attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """Return the attributes of data from offset on by kind; of several alike, the last."""
    found: dict[int, bytes] = {}
    end = len(data)
    while offset + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    return found


class Netlink:
    """A socket to the kernel, bound for good to the network namespace it was made in.

    Calls return within the time that the kernel needs; the kernel may hold them while it takes down other namespaces,
    so they belong into a thread. Not safe for two threads at once.
    """

    def __init__(self, protocol: int = ROUTE) -> None:
        """Open it in the calling thread's network namespace."""
        try:
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        except OSError as exc:
            raise NetlinkError(exc.errno or 0, "open a netlink socket") from exc
        self._socket.bind((0, 0))
        self._socket.settimeout(10)
        self._socket.setsockopt(_SOL_NETLINK, _CAP_ACK, 1)
        if protocol == ROUTE:
            self._socket.setsockopt(_SOL_NETLINK, _STRICT_CHECK, 1)
        self._sequence = 0

    def close(self) -> None:
        """Close the socket; repeatable."""
        self._socket.close()

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages in one packet and take their answers.

        The kernel handles each by itself: one that is refused does not stop those after it (other than in a netfilter
        batch, which is whole or nothing).

        Raises:
            NetlinkError: of the first message that was refused.
        """
        if not messages:
            return
        waiting: dict[int, Message] = {}
        packet = []
        for message in messages:
            self._sequence += 1
            flags = message.flags | REQUEST | (ACK if message.answered else 0)
            packet.append(_packed(message, flags, self._sequence))
            if message.answered:
                waiting[self._sequence] = message
        failed: NetlinkError | None = None
        try:
            self._socket.send(b"".join(packet))
            while waiting:
                for kind, sequence, body in _split(self._socket.recv(_BUFFER)):
                    message = waiting.pop(sequence, _NONE)
                    code = -struct.unpack_from("=i", body)[0] if kind == _ERROR else 0
                    if code and failed is None:
                        failed = NetlinkError(code, message.doing)
                    if code and message.kind == 0:
                        waiting.clear()  # the batch as a whole was refused; nothing else will be answered
        except OSError as exc:
            raise NetlinkError(exc.errno or 110, messages[0].doing) from exc
        if failed is not None:
            raise failed

    def ask(self, message: Message) -> list[tuple[int, bytes]]:
        """Return the answers to a get or dump as (type, payload).

        Raises:
            NetlinkError: it was refused (ENODEV: no such link).
        """
        self._sequence += 1
        many = message.flags & DUMP == DUMP
        answers: list[tuple[int, bytes]] = []
        try:
            self._socket.send(_packed(message, message.flags | REQUEST, self._sequence))
            while True:
                for kind, sequence, body in _split(self._socket.recv(_BUFFER)):
                    if sequence != self._sequence:
                        continue
                    if kind == _ERROR and (code := -struct.unpack_from("=i", body)[0]):
                        raise NetlinkError(code, message.doing)
                    if kind == _DONE:
                        return answers
                    answers.append((kind, body))
                    if not many:
                        return answers
        except OSError as exc:
            raise NetlinkError(exc.errno or 110, message.doing) from exc


def _packed(message: Message, flags: int, sequence: int) -> bytes:
    size = _HEADER.size + len(message.payload)
    return _HEADER.pack(size, message.kind, flags, sequence, 0) + message.payload + bytes(-size % 4)


def _split(packet: bytes) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    while offset + _HEADER.size <= len(packet):
        size, kind, _, sequence, _ = _HEADER.unpack_from(packet, offset)
        if size < _HEADER.size:
            return
        yield kind, sequence, packet[offset + _HEADER.size : offset + size]
        offset += (size + 3) & ~3
