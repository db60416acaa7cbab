"""The frames in which attach, logs and exec carry stdout and stderr on one stream.

Source: Engine API, ContainerAttach, "Stream format": [type, 0, 0, 0, size as 4 bytes big-endian].
"""

from collections.abc import Iterator

STDIN, STDOUT, STDERR, SYSTEM_ERROR = range(4)
HEADER = 8


class FrameReader:
    """Takes the stream apart as it arrives; feed it pieces of any size."""

    def __init__(self) -> None:
        self._header = bytearray()
        self._kind = STDOUT
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield (kind, bytes) for what data completes; parts of a frame are passed on at once.

        Raises:
            ValueError: data is not framed so.
        """
        view = memoryview(data)
        while view:
            if self._left == 0:
                taken = min(HEADER - len(self._header), len(view))
                self._header += view[:taken]
                view = view[taken:]
                if len(self._header) == HEADER:
                    self._begin()
                continue
            piece = view[: self._left]
            view = view[len(piece) :]
            self._left -= len(piece)
            yield self._kind, bytes(piece)

    def _begin(self) -> None:
        self._kind = self._header[0]
        if self._kind > SYSTEM_ERROR:
            raise ValueError(f"Unrecognized input header: {self._kind}")
        self._left = int.from_bytes(self._header[4:], "big")
        self._header.clear()
