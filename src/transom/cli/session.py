"""What every command is given: the client, the configuration, and where the output goes."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from transom import __version__
from transom.client.contexts import ClientConfig
from transom.client.endpoint import Endpoint
from transom.client.engine import EngineClient
from transom.client.errors import AccessDenied, ConnectionFailed

USER_AGENT = f"Transom-Client/{__version__} (linux)"


@dataclass(slots=True)
class Session:
    """One run of the program.

    choose names the engine only when a command first needs it: `--help` asks for none.
    """

    path: str
    config: ClientConfig
    choose: Callable[[], Endpoint]
    _client: EngineClient | None = field(default=None)

    @property
    def client(self) -> EngineClient:
        """Return the client of the chosen engine; where none listens on our own socket, one is started.

        Raises:
            ConnectionFailed: no engine answers and none may be started.
        """
        if self._client is None:
            client = self.unstarted_client()
            try:
                client.ping()
            except ConnectionFailed as exc:
                if isinstance(exc, AccessDenied) or not client.endpoint.is_default:
                    raise
                from transom.client.autostart import ensure_engine

                ensure_engine(client.endpoint, announce=lambda text: print(text, file=sys.stderr))
                client.ping()
            self._client = client
        return self._client

    def unstarted_client(self) -> EngineClient:
        """Return a client that starts no engine."""
        headers = self.config.values.get("HttpHeaders") or {}
        return EngineClient(
            self.choose(),
            user_agent=USER_AGENT,
            forced_version=os.environ.get("DOCKER_API_VERSION", ""),
            http_headers={str(key): str(value) for key, value in headers.items()},
        )
