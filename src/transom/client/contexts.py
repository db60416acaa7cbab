"""Docker's client configuration: config.json and the contexts beside it.

Source: docs.docker.com/engine/manage-resources/contexts; the file layout is
`contexts/meta/<sha256 of the name>/meta.json` and `contexts/tls/<same>/docker/*.pem`.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transom.errors import InvalidParameter, NotFound

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class ContextEndpoint:
    """Where a context points, and the directory of its certificates if it has one."""

    host: str
    tls_dir: Path | None
    skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """The directory (~/.docker) and what its config.json says."""

    directory: Path
    values: dict[str, Any]

    @classmethod
    def load(cls, directory: Path | None = None) -> "ClientConfig":
        """Read config.json; one that is not there is empty.

        Raises:
            InvalidParameter: the file is not JSON.
        """
        directory = directory or Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
        path = directory / "config.json"
        try:
            values = json.loads(path.read_bytes() or b"{}")
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            values = {}
        except ValueError as exc:
            raise InvalidParameter(f"Error loading config file: {path}: {exc}") from exc
        if not isinstance(values, dict):
            raise InvalidParameter(f"Error loading config file: {path}: it is not a JSON object")
        return cls(directory, values)

    @property
    def current_context(self) -> str:
        """Return the name that `docker context use` wrote, or "default"."""
        return str(self.values.get("currentContext") or DEFAULT)

    def text(self, key: str) -> str:
        """Return a setting such as detachKeys or psFormat, or nothing."""
        value = self.values.get(key)
        return value if isinstance(value, str) else ""

    def context_endpoint(self, name: str) -> ContextEndpoint:
        """Return where the named context points.

        Raises:
            NotFound: there is no such context.
            InvalidParameter: its files are damaged.
        """
        import hashlib

        key = hashlib.sha256(name.encode()).hexdigest()
        meta = self.directory / "contexts" / "meta" / key / "meta.json"
        try:
            endpoint = json.loads(meta.read_bytes())["Endpoints"]["docker"]
            host, skip = str(endpoint["Host"]), bool(endpoint.get("SkipTLSVerify"))
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f'context "{name}": context not found: open {meta}: no such file or directory') from None
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise InvalidParameter(f'context "{name}": {meta} cannot be read: {exc}') from exc
        tls = self.directory / "contexts" / "tls" / key / "docker"
        return ContextEndpoint(host, tls if tls.is_dir() else None, skip)

    def registry_auth(self, registry: str) -> str:
        """Return the X-Registry-Auth value for a registry's host name: stored credentials, or empty ones."""
        return _header(self.credentials("https://index.docker.io/v1/" if registry == "docker.io" else registry))

    def all_registry_auth(self) -> str:
        """Return the X-Registry-Config value, which a build sends: every registry's credentials, or nothing."""
        keys = {**(self.values.get("auths") or {}), **(self.values.get("credHelpers") or {})}
        found = {key: self.credentials(key) for key in keys}
        return _header({key: auth for key, auth in found.items() if auth}) if any(found.values()) else ""

    def credentials(self, key: str) -> dict[str, str]:
        """Return what is kept for a registry by its name in config.json; nothing where nobody logged in.

        Raises:
            InvalidParameter: what is kept is damaged, or its helper is not there.
        """
        helper = (self.values.get("credHelpers") or {}).get(key) or self.values.get("credsStore")
        auth = _from_helper(str(helper), key) if helper else None
        if auth is None:
            auth = _from_file((self.values.get("auths") or {}).get(key) or {})
        return {**auth, "serveraddress": key} if auth else {}


def _header(value: object) -> str:
    import base64

    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _from_file(entry: dict[str, Any]) -> dict[str, str]:
    found = {"identitytoken": str(entry["identitytoken"])} if entry.get("identitytoken") else {}
    if entry.get("auth"):
        import base64

        try:
            user, _, password = base64.b64decode(str(entry["auth"])).decode().partition(":")
        except ValueError as exc:
            raise InvalidParameter(f"config.json: invalid auth entry: {exc}") from exc
        found |= {"username": user, "password": password.rstrip("\0")}
    return found


def _from_helper(helper: str, server: str) -> dict[str, str] | None:
    import subprocess

    program = f"docker-credential-{helper}"
    try:
        answer = subprocess.run([program, "get"], input=server.encode(), capture_output=True, check=False, timeout=60)
    except OSError as exc:
        raise InvalidParameter(f"error getting credentials: {program}: {exc.strerror}") from exc
    if answer.returncode != 0:
        return None  # helpers say "not found" this way; the engine then asks without credentials
    values = json.loads(answer.stdout)
    if values.get("Username") == "<token>":
        return {"identitytoken": values["Secret"]}
    return {"username": values.get("Username", ""), "password": values.get("Secret", "")}
