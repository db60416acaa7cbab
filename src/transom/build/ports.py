"""The ports of EXPOSE: `80`, `53/udp`, `8000-8010/tcp`."""

from collections.abc import Iterable

from transom.errors import InvalidParameter

_PROTOCOLS = frozenset({"tcp", "udp", "sctp"})
_LAST_PORT = 65535


def exposed(words: Iterable[str]) -> tuple[str, ...]:
    """Return every port that words mean, as `80/tcp`.

    Raises:
        InvalidParameter: a word is no port, or its protocol is unknown.
    """
    found: list[str] = []
    for word in words:
        container = word.rpartition(":")[2]  # EXPOSE ignores addresses and host ports, as Docker does
        ports, slash, protocol = container.partition("/")
        protocol = (protocol or "tcp").lower()
        if not ports:
            raise InvalidParameter(f"no port specified: {word}<empty>")
        if slash and protocol not in _PROTOCOLS:
            raise InvalidParameter(f"invalid proto: {protocol}")
        low, high = _range(ports)
        found += [f"{port}/{protocol}" for port in range(low, high + 1)]
    return tuple(dict.fromkeys(found))


def _range(text: str) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    ends = (low, high if dash else low)
    if not all(end.isascii() and end.isdecimal() and int(end) <= _LAST_PORT for end in ends):
        raise InvalidParameter(f"Invalid containerPort: {text}")
    first, last = map(int, ends)
    if first > last:
        raise InvalidParameter(f"Invalid containerPort: {text}")
    return first, last
