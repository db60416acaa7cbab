"""A small engine: real HTTP on a unix socket, containers that are a function of their input.

It answers enough of the Engine API for run, exec, attach and the one-call commands, and notes every
request. A container echoes its input until that ends, then exits with the code that its command says.
"""

import contextlib
import json
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ID = "c" * 64


@dataclass
class Call:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: bytes


@dataclass
class FakeEngine:
    """Listens below directory; the fields say how it behaves."""

    directory: Path
    has_image: bool = True
    start_error: str = ""
    pull_error: str = ""
    output: bytes = b""
    exit_code: int = 0
    tty: bool = False
    waits_for_signal: bool = False
    calls: list[Call] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)
    started: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def socket(self) -> Path:
        return self.directory / "e.sock"

    def __enter__(self) -> "FakeEngine":
        engine = self

        class Handler(_Handler):
            fake = engine

        self._server = _Server(str(self.socket), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.started.set()
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self) -> list[str]:
        """Return the calls as `METHOD /path`, in order, without pings."""
        return [f"{call.method} {call.path}" for call in self.calls if call.path != "/_ping"]

    def call(self, method: str, end: str) -> Call:
        """Return the last call of the method whose path ends so."""
        return [call for call in self.calls if call.method == method and call.path.endswith(end)][-1]


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = False
    block_on_close = True


class _Handler(BaseHTTPRequestHandler):
    fake: FakeEngine
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        return

    def address_string(self) -> str:
        return "unix"

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/v1.51")
        call = Call(self.command, path, parse_qs(parts.query), self._read_body())
        self.fake.calls.append(call)
        self.fake.arrived.set()
        self.close_connection = True
        name = path.strip("/").replace("/", "_").replace("-", "_").replace(".", "_")
        name = name.replace(ID, "id").replace("containers_web", "containers_id")
        getattr(self, f"do_{name}", self._unknown)(call)

    do_GET = do_POST = do_HEAD = do_DELETE = do_PUT = _serve  # noqa: N815 - names of the base class

    def _answer(self, status: int, value: Any = None) -> None:
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body:  # whoever needs no body may have gone by now
            self.wfile.write(body)

    def _unknown(self, call: Call) -> None:
        self._answer(404, {"message": f"No such container: {call.path.split('/')[2:3]}"})

    def _hijack(self) -> None:
        self.wfile.write(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")

    def _frame(self, kind: int, data: bytes) -> None:
        with contextlib.suppress(OSError):
            head = b"" if self.fake.tty else bytes([kind, 0, 0, 0]) + len(data).to_bytes(4, "big")
            self.wfile.write(head + data)

    # --- the API ---

    def do__ping(self, _: Call) -> None:
        self.send_response(200)
        self.send_header("Api-Version", "1.51")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_containers_create(self, call: Call) -> None:
        if not self.fake.has_image:
            self._answer(404, {"message": f"No such image: {json.loads(call.body)['Image']}"})
        else:
            self.fake.tty = json.loads(call.body)["Tty"]
            self._answer(201, {"Id": ID, "Warnings": ["a warning"]})

    def do_images_create(self, _: Call) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status":"Pulling from library/x","id":"latest"}\r\n')
        if self.fake.pull_error:
            detail = {"errorDetail": {"message": self.fake.pull_error}, "error": self.fake.pull_error}
            self.wfile.write(json.dumps(detail).encode())
        else:
            self.fake.has_image = True
            self.wfile.write(b'{"status":"Status: Downloaded newer image for x"}\r\n')

    def do_containers_id_attach(self, call: Call) -> None:
        self._hijack()
        self.fake.started.wait(30)
        if self.fake.start_error:
            return
        self._program("stdin" in call.query)

    def _program(self, takes_input: bool) -> None:
        self._frame(1, self.fake.output)
        self._frame(2, b"to stderr\n" if not self.fake.tty else b"")
        if takes_input:
            while data := self._receive():
                self._frame(1, data)
        if self.fake.waits_for_signal:
            self.fake.ended.wait(30)
        self._frame(1, b"done\n")
        self.fake.ended.set()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _receive(self) -> bytes:
        try:
            return self.connection.recv(65536)
        except OSError:
            return b""

    def do_containers_id_wait(self, _: Call) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.fake.ended.wait(30)
        with contextlib.suppress(OSError):
            self.wfile.write(json.dumps({"StatusCode": self.fake.exit_code}).encode())

    def do_containers_id_start(self, _: Call) -> None:
        if self.fake.start_error:
            self._answer(400, {"message": self.fake.start_error})
            self.fake.ended.set()
        else:
            self._answer(204)
        self.fake.started.set()

    def do_containers_id_kill(self, call: Call) -> None:
        self._answer(204)
        self.fake.exit_code = 130 if call.query["signal"] == ["INT"] else 143
        self.fake.ended.set()

    def do_containers_id_resize(self, _: Call) -> None:
        self._answer(200)

    def do_containers_id_json(self, _: Call) -> None:
        self._answer(200, {"Id": ID, "State": {"Running": True}, "Config": {"Tty": self.fake.tty, "OpenStdin": True}})

    def do_containers_id_exec(self, call: Call) -> None:
        self.fake.tty = json.loads(call.body)["Tty"]
        self._answer(201, {"Id": "e1"})

    def do_exec_e1_start(self, _: Call) -> None:
        self._hijack()
        self._program(True)

    def do_exec_e1_json(self, _: Call) -> None:
        self._answer(200, {"ExitCode": self.fake.exit_code})

    def do_version(self, _: Call) -> None:
        self._answer(200, {"Version": "fake", "ApiVersion": "1.51", "Os": "linux", "Arch": "amd64"})
