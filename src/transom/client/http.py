"""HTTP/1.1 over a connected socket: one request, then its answer as a stream or a raw connection.

The standard library's http.client costs 30 ms to import and hides the socket that attach, exec
and half-close need, so the few rules that the Engine API uses are written out here.

Source: RFC 9112 sections 2 to 7, RFC 9110 section 7.8 (Upgrade).
"""

import contextlib
import json
import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from transom.client.errors import ProtocolError

CHUNK = 65536
MAX_HEAD = 262_144
NO_BODY = (204, 304)

Body = bytes | Callable[[Callable[[bytes], None]], None]
"""Either all of the body, or a function that is given `write` and calls it with piece after piece."""


class Response:
    """An answer whose body is read on demand; close it, or read it to its end."""

    def __init__(self, sock: socket.socket, *, head_only: bool = False) -> None:
        self._sock = sock
        self._buffer = bytearray()
        self.status, self.headers = self._read_head()
        while 100 <= self.status < 200 and self.status != 101:  # 100 Continue precedes the answer
            self.status, self.headers = self._read_head()
        if head_only or self.status in NO_BODY:
            self._remaining: int | None = 0
        elif "chunked" in self.headers.get("transfer-encoding", "").lower():
            self._remaining = None
        else:
            self._remaining = int(self.headers.get("content-length", -1))
        self._chunk_left = 0

    def _fill(self) -> bool:
        piece = self._sock.recv(CHUNK)
        self._buffer += piece
        return bool(piece)

    def _read_line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise ProtocolError("the answer's header is too long for HTTP")
            if not self._fill():
                raise ProtocolError("the connection ended in the middle of an answer")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line.rstrip(b"\r")

    def _read_head(self) -> tuple[int, dict[str, str]]:
        version, _, rest = self._read_line().decode("latin-1").partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise ProtocolError("the answer is not HTTP")
        headers: dict[str, str] = {}
        while line := self._read_line():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        return int(rest[:3]), headers

    def _take(self, most: int) -> bytes:
        """Return between 1 and most bytes, or nothing at the end of the connection."""
        if not self._buffer and not self._fill():
            return b""
        piece = bytes(self._buffer[:most])
        del self._buffer[: len(piece)]
        return piece

    def read_some(self) -> bytes:
        """Return the next bytes of the body as they arrive, or nothing at its end."""
        if self._remaining is None:
            return self._read_chunked()
        if self._remaining < 0:
            return self._take(CHUNK)
        if self._remaining == 0:
            return b""
        piece = self._take(min(CHUNK, self._remaining))
        if not piece:
            raise ProtocolError("unexpected EOF")
        self._remaining -= len(piece)
        return piece

    def _read_chunked(self) -> bytes:
        if self._chunk_left == 0:
            size = self._read_line().split(b";")[0].strip()
            try:
                self._chunk_left = int(size, 16)
            except ValueError:
                raise ProtocolError("the answer's chunked encoding is broken") from None
            if self._chunk_left == 0:
                while self._read_line():
                    pass
                self._remaining = 0
                return b""
        piece = self._take(min(CHUNK, self._chunk_left))
        if not piece:
            raise ProtocolError("unexpected EOF")
        self._chunk_left -= len(piece)
        if self._chunk_left == 0:
            self._read_line()
        return piece

    def stream(self) -> Iterator[bytes]:
        """Yield the body piece by piece; the connection is closed at the end."""
        try:
            while piece := self.read_some():
                yield piece
        finally:
            self.close()

    def read(self) -> bytes:
        """Return the whole body and close."""
        return b"".join(self.stream())

    def json(self) -> Any:
        """Return the body as JSON, or None where it is empty."""
        body = self.read()
        try:
            return json.loads(body) if body.strip() else None
        except ValueError:
            raise ProtocolError("the answer is not JSON") from None

    def hijack(self) -> "Hijacked":
        """Take the raw connection over; this response is then spent."""
        return Hijacked(self._sock, bytes(self._buffer))

    def close(self) -> None:
        """End the connection, whatever is left of the answer."""
        self._sock.close()

    def __enter__(self) -> "Response":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Hijacked:
    """A raw two-way connection; each direction ends on its own."""

    def __init__(self, sock: socket.socket, received: bytes) -> None:
        self._sock = sock
        self._received = received

    def read_some(self) -> bytes:
        """Return the next bytes, or nothing once the engine has finished sending."""
        if self._received:
            piece, self._received = self._received, b""
            return piece
        try:
            return self._sock.recv(CHUNK)
        except ConnectionResetError:
            return b""

    def write(self, data: bytes) -> None:
        """Send data; raises OSError if the engine reads no more."""
        self._sock.sendall(data)

    def close_write(self) -> None:
        """Say that nothing more will be sent; reading goes on."""
        with contextlib.suppress(OSError):  # the engine may have closed first
            self._sock.shutdown(socket.SHUT_WR)

    def end(self) -> None:
        """End both directions from any thread: a read that waits returns. Closing is left to the reader."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the connection up; only where no other thread reads it, for its number may be used again at once."""
        self.end()
        self._sock.close()


def send(
    sock: socket.socket, method: str, target: str, headers: Mapping[str, str], body: Body | None = None
) -> Response:
    """Send one request and return the answer as soon as its header is there; takes sock over.

    An engine may refuse a long body before all of it is sent: its answer is then read all the same.
    """
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if isinstance(body, bytes):
        lines.append(f"Content-Length: {len(body)}")
    elif body is not None:
        lines.append("Transfer-Encoding: chunked")
    elif method in ("POST", "PUT") and "Upgrade" not in headers:
        lines.append("Content-Length: 0")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    try:
        try:
            if callable(body):
                sock.sendall(head)
                body(lambda data: _write_chunk(sock, data))
                sock.sendall(b"0\r\n\r\n")
            else:
                sock.sendall(head + (body or b""))
        except (BrokenPipeError, ConnectionResetError):
            pass
        return Response(sock, head_only=method == "HEAD")
    except BaseException:
        sock.close()
        raise


def _write_chunk(sock: socket.socket, data: bytes) -> None:
    if data:
        sock.sendall(b"%x\r\n%b\r\n" % (len(data), data))
