"""HTTP as an engine may send it, in pieces of any size."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom.client import http
from transom.client.errors import ProtocolError


def exchange(
    answer: list[bytes], method: str = "GET", body: http.Body | None = None
) -> tuple[http.Response, bytearray, threading.Thread]:
    """Send one request to a peer that answers with the pieces, and note what it received."""
    ours, theirs = socket.socketpair()
    received = bytearray()

    def serve() -> None:
        with theirs:
            for piece in answer:
                theirs.sendall(piece)
            theirs.shutdown(socket.SHUT_WR)
            while data := theirs.recv(65536):
                received.extend(data)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        return http.send(ours, method, "/x", {"Host": "h"}, body), received, thread
    except ProtocolError:
        thread.join()
        raise


def read_all(answer: list[bytes], method: str = "GET") -> bytes:
    response, _, thread = exchange(answer, method)
    try:
        return response.read()
    finally:
        response.close()
        thread.join()


def test_body_with_length_ends_there() -> None:
    assert read_all([b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef"]) == b"abc"


def test_body_without_length_ends_with_the_connection() -> None:
    assert read_all([b"HTTP/1.1 200 OK\r\n\r\nab", b"cd"]) == b"abcd"


def test_body_cut_short_is_an_error() -> None:
    with pytest.raises(ProtocolError, match="EOF"):
        read_all([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])


def test_answer_to_head_has_no_body() -> None:
    assert read_all([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"], "HEAD") == b""


def test_interim_answer_is_skipped() -> None:
    assert read_all([b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz"]) == b"z"


@pytest.mark.parametrize("head", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 xx\r\n\r\n", b""])
def test_answer_that_is_no_http_is_an_error(head: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_all([head])


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.integers(1, 7))
def test_chunks_arrive_whole_however_they_are_cut(chunks: list[bytes], step: int) -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw += b"".join(b"%x;ext=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nTrailer: t\r\n\r\n"
    pieces = [raw[at : at + step] for at in range(0, len(raw), step)]
    assert read_all(pieces) == b"".join(chunks)


def test_streamed_body_is_sent_in_chunks() -> None:
    def body(write: object) -> None:
        assert callable(write)
        write(b"one")
        write(b"")  # an empty piece must not end the body
        write(b"two")

    response, received, thread = exchange([b"HTTP/1.1 204 No Content\r\n\r\n"], "POST", body)
    response.close()
    thread.join()
    assert received.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_answer_before_the_whole_body_is_read() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno")
        theirs.shutdown(socket.SHUT_RD)
        response = http.send(ours, "POST", "/x", {}, lambda write: [write(b"x" * 65536) for _ in range(100)] and None)
        assert (response.status, response.read()) == (400, b"no")


def test_hijacked_connection_starts_with_what_was_received() -> None:
    response, received, thread = exchange([b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nearly"], "POST")
    connection = response.hijack()
    assert connection.read_some() == b"early"
    connection.write(b"in")
    connection.close_write()
    assert connection.read_some() == b""
    connection.close()
    thread.join()
    assert received.endswith(b"\r\n\r\nin")
