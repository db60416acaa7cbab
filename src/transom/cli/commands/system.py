"""`transom system dial-stdio`: our standard streams as a connection to the engine, for DOCKER_HOST=ssh://…"""

import contextlib
import os
import socket
import threading

from transom.cli.command import NONE, Command
from transom.cli.flags import Values
from transom.cli.session import Session
from transom.cli.streams import write_all
from transom.cli.terminal import STDIN, STDOUT
from transom.client.http import CHUNK


def _dial(session: Session, values: Values, _: list[str]) -> None:
    connection = session.client.endpoint.connect()

    def send() -> None:
        with contextlib.suppress(OSError):
            while data := os.read(STDIN, CHUNK):
                connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, name="stdin", daemon=True).start()
    while data := connection.recv(CHUNK):
        write_all(STDOUT, data)


DIAL_STDIO = Command("", "Carry standard input and output to the engine's socket", _dial, (), NONE)
