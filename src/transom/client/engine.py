"""The Engine API as a client sees it: versioned paths, JSON in and out, errors as exceptions."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from transom.client import http
from transom.client.endpoint import Endpoint
from transom.client.errors import ApiError
from transom.client.jsonstream import documents
from transom.errors import InvalidParameter

CLIENT_API = (1, 51)

Query = Mapping[str, object]
Doc = dict[str, Any]
"""A JSON object as the engine sent it; the CLI prints what the API said."""


@dataclass(slots=True)
class EngineClient:
    """Talks to one engine; each call has its own connection, so calls may run in several threads."""

    endpoint: Endpoint
    user_agent: str
    forced_version: str = ""
    http_headers: Mapping[str, str] = field(default_factory=dict)
    _version: tuple[int, int] | None = None
    _ping: dict[str, str] | None = None

    def ping(self) -> dict[str, str]:
        """Return the headers of /_ping, lower case; asked once.

        Raises:
            ConnectionFailed: nothing listens at the endpoint.
        """
        if self._ping is None:
            response = self._send("HEAD", "/_ping")
            if response.status != 200:
                response.close()
                response = self._send("GET", "/_ping")
            response.close()
            self._ping = response.headers
        return self._ping

    @property
    def api_version(self) -> tuple[int, int]:
        """Return the version both sides speak: the engine's, at most our own."""
        if self._version is None:
            if self.forced_version:
                self._version = _parse_version(self.forced_version)
            else:
                told = _parse_version(self.ping().get("api-version") or "1.24")
                self._version = min(told, CLIENT_API)
        return self._version

    def get(self, path: str, query: Query | None = None) -> Any:
        """Return the JSON that a GET answers."""
        return self.call("GET", path, query)

    def post(self, path: str, query: Query | None = None, body: object = None) -> Any:
        """Return the JSON that a POST answers, or None where it answers nothing."""
        return self.call("POST", path, query, body)

    def delete(self, path: str, query: Query | None = None) -> Any:
        """Return the JSON that a DELETE answers, or None."""
        return self.call("DELETE", path, query)

    def call(self, method: str, path: str, query: Query | None = None, body: object = None) -> Any:
        """Make one call and return its JSON.

        Raises:
            ApiError: the engine refused; its text and status.
            ConnectionFailed: nothing listens at the endpoint.
        """
        return self.request(method, path, query, body).json()

    def events(self, method: str, path: str, query: Query | None = None, **request: Any) -> Iterator[Doc]:
        """Yield the JSON documents that a call streams."""
        return documents(self.request(method, path, query, **request).stream())

    def request(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        body: object = None,
        *,
        raw_body: http.Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> http.Response:
        """Return the answer's stream once its header is there; 304 counts as success.

        body is sent as JSON; raw_body as it is.

        Raises:
            ApiError: the engine refused; its text and status.
        """
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
            raw_body = json.dumps(body).encode()
        response = self._send(method, self._target(path, query), sent, raw_body)
        _raise_for_status(response)
        return response

    def upgrade(self, path: str, query: Query | None = None, body: object = None) -> http.Hijacked:
        """POST path and take the raw connection over (attach, exec start)."""
        data = None if body is None else json.dumps(body).encode()
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "tcp",
            "Content-Type": "application/json" if data else "text/plain",
        }
        response = self._send("POST", self._target(path, query), headers, data)
        if response.status != 101:
            _raise_for_status(response)
        return response.hijack()

    def _target(self, path: str, query: Query | None) -> str:
        major, minor = self.api_version
        target = f"/v{major}.{minor}{path}"
        pairs = [(key, item) for key, value in (query or {}).items() for item in _query_values(value)]
        return f"{target}?{urlencode(pairs)}" if pairs else target

    def _send(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: http.Body | None = None
    ) -> http.Response:
        base = {"Host": self.endpoint.http_host, "User-Agent": self.user_agent, **self.http_headers}
        return http.send(self.endpoint.connect(), method, target, {**base, **(headers or {})}, body)


def segment(name: str) -> str:
    """Return name as one part of a path; an image's slashes and colons stay, as in Docker's client."""
    return quote(name, safe="/:@")


def _query_values(value: object) -> list[str]:
    """Return a query value as text; None and False leave it out, a list repeats it, a dict is JSON."""
    match value:
        case None | False:
            return []
        case True:
            return ["1"]
        case list() | tuple():
            return [str(item) for item in value]
        case dict():
            return [json.dumps(value)] if value else []
        case _:
            return [str(value)]


def _parse_version(text: str) -> tuple[int, int]:
    major, _, minor = text.lstrip("v").partition(".")
    if not (major.isdigit() and minor.isdigit()):
        raise InvalidParameter(f"invalid API version: {text!r}")
    return int(major), int(minor)


def _raise_for_status(response: http.Response) -> None:
    if response.status < 400:
        return
    body = response.read()
    try:
        message = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        message = body.decode(errors="replace").strip() or f"request returned status {response.status}"
    raise ApiError(response.status, message)
