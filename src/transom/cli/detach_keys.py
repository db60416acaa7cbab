"""The key sequence that leaves a container running: ctrl-p ctrl-q, or what --detach-keys says."""

from transom.cli.errors import CliError

DEFAULT = "ctrl-p,ctrl-q"
_SPECIAL = {"@": 0, "[": 27, "\\": 28, "]": 29, "^": 30, "_": 31}


class Detached(Exception):
    """The user typed the sequence."""


def parse_keys(text: str) -> bytes:
    """Return the bytes of a sequence such as `ctrl-p,ctrl-q` or `a,b`.

    Raises:
        CliError: text is no such sequence.
    """
    out = bytearray()
    for key in text.split(","):
        if len(key) == 1:
            out += key.encode()
        elif key.startswith("ctrl-") and len(key) == len("ctrl-") + 1:
            letter = key[-1].lower()
            if "a" <= letter <= "z":
                out.append(ord(letter) - ord("a") + 1)
            elif letter in _SPECIAL:
                out.append(_SPECIAL[letter])
            else:
                raise CliError(f"invalid detach keys provided: Unknown character: '{key}'")
        else:
            raise CliError(f"invalid detach keys provided: Unknown character: '{key}'")
    return bytes(out)


class KeyFilter:
    """Looks for the sequence in what is typed; keys that only begin it are held back until it is clear."""

    def __init__(self, keys: bytes) -> None:
        self._keys = keys
        self._matched = 0

    def feed(self, data: bytes) -> bytes:
        """Return what is to be sent on.

        Raises:
            Detached: data completes the sequence.
        """
        out = bytearray()
        for byte in data:
            if self._keys and byte == self._keys[self._matched]:
                self._matched += 1
                if self._matched == len(self._keys):
                    self._matched = 0
                    raise Detached
                continue
            out += self._keys[: self._matched]
            self._matched = int(bool(self._keys) and byte == self._keys[0])
            if not self._matched:
                out.append(byte)
        return bytes(out)
