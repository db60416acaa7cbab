"""The kinds of error, by what the caller can do about them.

TransomError
├── InvalidParameter   mend the request
├── Unauthorized       log in
├── Forbidden          not allowed, whoever asks
├── NotFound           name something that exists
│   ├── NoSuchContainer
│   └── NoSuchImage
├── Conflict           the object's state or name is in the way
├── NotModified        it is so already (HTTP 304)
├── NotSupported       ask for something else; the text says what
├── Unavailable        try again later
└── StartFailed        the container's program could not be started

Texts are API: clients match on them (docker's CLI makes exit codes 125, 126 and 127 of them).
`api/errors.py` is the only place that knows HTTP statuses.
"""


class TransomError(Exception):
    """Base of every error that is an answer rather than a bug."""


class InvalidParameter(TransomError):
    """The request is malformed."""


class Unauthorized(TransomError):
    """Credentials are missing or wrong."""


class Forbidden(TransomError):
    """The request is understood and refused."""


class NotFound(TransomError):
    """The named object does not exist."""


class NoSuchContainer(NotFound):
    """No container has this name or ID."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"No such container: {ref}")


class NoSuchImage(NotFound):
    """No image has this name or ID; the CLI pulls when it reads this text."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"No such image: {ref}")


class Conflict(TransomError):
    """The object's state, or another's name, is in the way."""


class NotModified(TransomError):
    """Nothing to do: it is so already."""


class NotSupported(TransomError):
    """Transom cannot do this; the text says what to do instead."""


class Unavailable(TransomError):
    """Something that is needed is away for the moment."""


class StartFailed(TransomError):
    """The container's program could not be started.

    exit_code is what Docker records for it: 127 not found, 126 not executable, else 128.
    """

    def __init__(self, text: str, *, exit_code: int = 128) -> None:
        super().__init__(text)
        self.exit_code = exit_code
