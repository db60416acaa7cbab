"""Published ports as sockets of the host: while a container runs nobody else gets its ports."""

import errno
import itertools
import os
import socket
import time
from collections.abc import Sequence
from typing import Final

from transom.errors import Unavailable
from transom.host import sockets
from transom.networks import ports as rules
from transom.networks.endpoint import PublishedPort

Reserved = tuple[PublishedPort, socket.socket]

PATIENCE_S: Final = 0.5
"""How long a port that we gave back a moment ago may still be held by the monitor of the container that had it."""


class Reservations:
    """Takes ports, all of a container's or none. For one thread."""

    def __init__(self) -> None:
        """Take nothing."""
        self._next_ephemeral = rules.EPHEMERAL.start
        self._given_back: dict[tuple[str, int], float] = {}

    def take(self, wanted: Sequence[rules.Wanted], name: str, container_id: str) -> list[Reserved]:
        """Return the ports got and their sockets.

        Raises:
            Unavailable: one is taken, or cannot be had; the text is Docker's.
        """
        taken: list[Reserved] = []
        try:
            # Named ports first: what is chosen must not be what a later request names.
            for each in sorted(wanted, key=lambda one: len(one.candidates)):
                taken += self._take_one(each, name, container_id)
        except BaseException:
            for _, sock in taken:
                sockets.end_listening(sock)
            raise
        return taken

    def give_back(self, taken: Sequence[Reserved]) -> None:
        """Close the sockets."""
        now = time.monotonic()
        for published, sock in taken:
            sockets.end_listening(sock)
            self._given_back[published.protocol, published.host_port] = now
        if len(self._given_back) > 1000:
            self._given_back = {key: at for key, at in self._given_back.items() if now - at < PATIENCE_S}

    def _take_one(self, wanted: rules.Wanted, name: str, container_id: str) -> list[Reserved]:
        candidates = wanted.candidates
        chosen = candidates == rules.EPHEMERAL
        order = rules.ephemeral_from(self._next_ephemeral, candidates) if chosen else iter(candidates)
        first: OSError | None = None
        for port in order:
            try:
                got = self._take_port(wanted, port)
            except OSError as exc:
                first = first or exc
                if exc.errno in (errno.EADDRINUSE, errno.EACCES):
                    continue
                break
            if chosen:
                self._next_ephemeral = port + 1
            return got
        if first is None:
            raise Unavailable("no host port is left")
        published = wanted.published(candidates.start)[0]
        if len(candidates) > 1 and first.errno == errno.EADDRINUSE:
            raise Unavailable(
                "failed to set up container networking: driver failed programming external connectivity on endpoint "
                f"{name} ({container_id}): all ports are allocated"
            )
        text = rules.taken_text(name, container_id, published)
        raise Unavailable(text.replace("address already in use", os.strerror(first.errno or 0).lower())) from first

    def _take_port(self, wanted: rules.Wanted, port: int) -> list[Reserved]:
        got: list[Reserved] = []
        try:
            for published in wanted.published(port):
                got.append((published, self._bind(published)))
        except BaseException:
            for _, sock in got:
                sockets.end_listening(sock)
            raise
        return got

    def _bind(self, published: PublishedPort) -> socket.socket:
        given_back = self._given_back.get((published.protocol, published.host_port), 0.0)
        for attempt in itertools.count():
            try:
                return sockets.listening(published.host_ip, published.host_port, published.protocol)
            except OSError as exc:
                recent = given_back and time.monotonic() - given_back < PATIENCE_S
                if exc.errno != errno.EADDRINUSE or not recent:
                    raise
                time.sleep(0.002 * min(attempt + 1, 10))
        raise AssertionError


def take_again(ports: Sequence[PublishedPort], held: Sequence[socket.socket]) -> tuple[list[Reserved], list[str]]:
    """Return the ports of a container that runs already, from held where they are there, and those not to be had.

    held: sockets that its monitor kept for us; those that are none of ports are left to the caller.
    """
    taken: list[Reserved] = []
    lost: list[str] = []
    by_name = {_name_of(sock): sock for sock in held}
    for published in ports:
        sock = by_name.get((published.host_ip, published.host_port, published.protocol))
        if sock is None:
            try:
                sock = sockets.listening(published.host_ip, published.host_port, published.protocol)
            except OSError as exc:
                place = rules.host_form(published.host_ip, published.host_port)
                lost.append(f"{place}/{published.protocol}: {os.strerror(exc.errno or 0).lower()}")
                continue
        taken.append((published, sock))
    return taken, lost


def _name_of(sock: socket.socket) -> tuple[str, int, str]:
    address, port = sock.getsockname()[:2]
    return address, port, "tcp" if sock.type == socket.SOCK_STREAM else "udp"
