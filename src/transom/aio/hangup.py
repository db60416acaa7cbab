"""Tells a peer that has gone from one that has only finished sending.

Both read as the end of input. A stream socket whose peer has closed, or died, also hangs up; the kernel says so even
where nothing else is asked for. Source: man page epoll_ctl(2), EPOLLHUP.
"""

import asyncio
import contextlib
import select
import socket


class HangUps:
    """Aborts connections whose peer goes away after its end of input; one epoll for all of them.

    Make it in the loop that it is to serve, and close it there.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._epoll = select.epoll()
        self._watched: dict[int, asyncio.Transport] = {}
        self._loop.add_reader(self._epoll.fileno(), self._look)

    def watch(self, transport: asyncio.Transport) -> None:
        """Abort transport when its peer has gone; call forget when the connection is lost."""
        number = _descriptor(transport)
        if number < 0 or number in self._watched:
            return
        self._epoll.register(number, 0)
        self._watched[number] = transport

    def forget(self, transport: asyncio.Transport) -> None:
        """Stop watching; nothing happens if transport is not watched."""
        for number, each in list(self._watched.items()):
            if each is transport:
                self._drop(number)

    def close(self) -> None:
        """Stop watching altogether."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._watched.clear()

    def _look(self) -> None:
        for number, _ in self._epoll.poll(0):
            transport = self._drop(number)
            if transport is not None:
                transport.abort()

    def _drop(self, number: int) -> asyncio.Transport | None:
        with contextlib.suppress(OSError, ValueError):  # closed by its transport already
            self._epoll.unregister(number)
        return self._watched.pop(number, None)


def _descriptor(transport: asyncio.Transport) -> int:
    found: socket.socket | None = transport.get_extra_info("socket")
    return found.fileno() if found is not None else -1
