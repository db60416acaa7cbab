"""The build's stream: JSON objects as Docker's classic builder writes them, bounded by the client's pace."""

import asyncio
import codecs
import os
from collections import deque
from collections.abc import AsyncGenerator, Mapping

import msgspec

from transom.build.runner import CommandFailed
from transom.errors import TransomError

BACKLOG = 1 << 20
_RED, _PLAIN = "\x1b[91m", "\x1b[0m"


class BuildOutput:
    """Collects messages for one client; implements transom.build.runner.Progress.

    quiet: nothing is passed on but errors and the final ID; what was held back comes out with an error.
    """

    def __init__(self, *, quiet: bool = False, aux: bool = True) -> None:
        self._quiet = quiet
        self._aux = aux
        self._queue: deque[bytes] = deque()
        self._held: list[bytes] = []
        self._size = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False

    def write(self, text: str) -> None:
        """Tell the user on the build's output."""
        self._put({"stream": text})

    def warn(self, text: str) -> None:
        """Tell the user on the build's error output, in red as Docker does."""
        self._put({"stream": f"{_RED}{text}{_PLAIN}"})

    def image(self, image_id: str) -> None:
        """Tell the client the image that a stage made."""
        if self._aux:
            self._put({"aux": {"ID": image_id}})

    def status(self, text: str, *, item: str = "", current: int = 0, total: int = 0) -> None:
        """Tell the user how far a download is."""
        message: dict[str, object] = {"status": text}
        if item:
            message["id"] = item
        if current or total:
            message["progressDetail"] = {"current": current, "total": total} if total else {"current": current}
        self._put(message)

    def emit(self, message: Mapping[str, object]) -> None:
        """Pass on what a pull tells; implements transom.images.progress.Emit."""
        self._put(dict(message))

    def result(self, image_id: str) -> None:
        """Tell a client that asked for quiet the image's ID."""
        if self._quiet:
            self._held.clear()
            self._send(msgspec.json.encode({"stream": image_id + "\n"}))

    def fail(self, error: BaseException, text: str) -> None:
        """Tell the client that the build failed; only for a stream that has begun."""
        if self._quiet:
            for held in self._held:
                self._send(held)
        detail: dict[str, object] = {"message": text}
        if isinstance(error, CommandFailed):
            detail = {"code": error.code, "message": text}
        self._send(msgspec.json.encode({"errorDetail": detail, "error": text}))

    def close(self) -> None:
        """There will be no more."""
        self._closed = True
        self._wake.set()

    async def room(self) -> None:
        """Return when the client has taken enough of what is there."""
        await self._room.wait()

    @property
    def has_begun(self) -> bool:
        """Whether there is anything that a failure should come after."""
        return bool(self._size or self._queue or self._held)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield messages, as many at once as there are, until close."""
        while True:
            if self._queue:
                piece = b"".join(self._queue)
                self._queue.clear()
                self._size = 0
                self._room.set()
                yield piece
            elif self._closed:
                return
            else:
                self._wake.clear()
                await self._wake.wait()

    def _put(self, message: dict[str, object]) -> None:
        data = msgspec.json.encode(message)
        if self._quiet:
            self._held.append(data + b"\r\n")
        else:
            self._send(data)

    def _send(self, data: bytes) -> None:
        if not data.endswith(b"\r\n"):
            data += b"\r\n"
        self._queue.append(data)
        self._size += len(data)
        if self._size > BACKLOG:
            self._room.clear()
        self._wake.set()


class ProgramOutput:
    """A program's bytes as text; a character may arrive in two pieces."""

    def __init__(self, output: BuildOutput) -> None:
        self._output = output
        self._decoders = [codecs.getincrementaldecoder("utf-8")("replace") for _ in range(3)]

    def feed(self, stream: int, data: bytes, *, final: bool = False) -> None:
        """Pass on what stream (1 stdout, 2 stderr) said."""
        text = self._decoders[stream].decode(data, final)
        if text and stream == 2:
            self._output.warn(text)
        elif text:
            self._output.write(text)

    def end(self) -> None:
        """Pass on what was left over."""
        for stream in (1, 2):
            self.feed(stream, b"", final=True)


def text_of(error: BaseException) -> str:
    """Return an error's text for the client; a bug's stays in the log."""
    if isinstance(error, TransomError):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return f"internal error: {type(error).__name__}"
