"""Texts that must not be shown."""


class Secret(str):
    """A password or token: an ordinary text whose repr, and so every log and traceback, hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"
