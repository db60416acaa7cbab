"""JSON documents one after another, as pull, build and events send them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

MAX_DOCUMENT = 64 * 1024 * 1024


def documents(pieces: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield each document as soon as it is complete.

    Documents follow each other with or without line ends between them, and pieces may end anywhere.

    Raises:
        ValueError: what arrives is not a sequence of JSON objects.
    """
    decoder = json.JSONDecoder()
    pending = b""
    for piece in pieces:
        pending += piece
        text, held = _whole_characters(pending)
        start = 0
        while True:
            while start < len(text) and text[start] in " \r\n\t\x1e":  # \x1e starts a json-seq record
                start += 1
            if start == len(text):
                break
            try:
                document, start = decoder.raw_decode(text, start)
            except json.JSONDecodeError:
                if len(text) - start > MAX_DOCUMENT:
                    raise
                break
            yield document
        pending = text[start:].encode() + held
    if pending.strip():
        raise ValueError("unexpected end of JSON input")


def _whole_characters(data: bytes) -> tuple[str, bytes]:
    """Return data as text, and the bytes of a character that is cut at its end."""
    for cut in range(4):
        try:
            return data[: len(data) - cut].decode(), data[len(data) - cut :]
        except UnicodeDecodeError as exc:
            if exc.end < len(data) - cut:
                break
    return data.decode(errors="replace"), b""
