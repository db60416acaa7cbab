"""What can go wrong between a client and its engine."""

from transom.errors import TransomError, Unavailable


class ApiError(TransomError):
    """The engine answered with an error status.

    Printed as Docker's CLI prints it; message is the engine's own text.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"Error response from daemon: {message}")
        self.status = status
        self.message = message


class ConnectionFailed(Unavailable):
    """No engine answers at the address."""


class AccessDenied(ConnectionFailed):
    """Something listens there, and this user may not talk to it."""


class ProtocolError(TransomError):
    """What answers does not speak the Engine API."""
