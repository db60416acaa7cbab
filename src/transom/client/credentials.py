"""Where logins are kept: a credential helper's store, or config.json, as Docker's clients do it.

Source: docs.docker.com/reference/cli/docker/login, "Credential stores", "Credential helper protocol".
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from transom.client.contexts import ClientConfig
from transom.errors import InvalidParameter

HUB_KEY = "https://index.docker.io/v1/"
"""What config.json calls Docker Hub."""
_HUB_NAMES = frozenset({"", "docker.io", "index.docker.io", "registry-1.docker.io"})
_TOKEN_USER = "<token>"


def key_of(server: str) -> str:
    """Return the name under which a server's credentials are kept: its host and port."""
    plain = server.partition("://")[2] if "://" in server else server
    host = plain.partition("/")[0]
    return HUB_KEY if host in _HUB_NAMES else host


def helper_of(config: ClientConfig, key: str) -> str:
    """Return the helper that keeps key's credentials, empty where config.json does itself."""
    return str((config.values.get("credHelpers") or {}).get(key) or config.values.get("credsStore") or "")


def store(config: ClientConfig, key: str, username: str, password: str, identity_token: str) -> Path | None:
    """Keep credentials; return the file that they are readable in, None where a helper has them.

    Raises:
        InvalidParameter: the helper, or the file, does not take them.
    """
    helper = helper_of(config, key)
    if helper:
        secret = {"Username": _TOKEN_USER, "Secret": identity_token} if identity_token else {
            "Username": username, "Secret": password,
        }  # fmt: skip
        _run_helper(helper, "store", json.dumps({"ServerURL": key, **secret}))
        entry: dict[str, str] = {}
    else:
        import base64

        known = password if not identity_token else ""
        entry = {"auth": base64.b64encode(f"{username}:{known}".encode()).decode()}
        if identity_token:
            entry["identitytoken"] = identity_token
    _change_file(config, lambda auths: auths.__setitem__(key, entry))
    return None if helper else config.directory / "config.json"


def erase(config: ClientConfig, key: str) -> bool:
    """Forget credentials; return whether there were any.

    Raises:
        InvalidParameter: the helper, or the file, does not let go of them.
    """
    helper = helper_of(config, key)
    known = key in (config.values.get("auths") or {})
    if helper:
        _run_helper(helper, "erase", key)
    if known:
        _change_file(config, lambda auths: auths.pop(key, None))
    return known or bool(helper)


def _run_helper(helper: str, verb: str, given: str) -> None:
    import subprocess

    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run([program, verb], input=given.encode(), capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise InvalidParameter(f"error storing credentials: {program}: {exc}") from exc
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace").strip()
        raise InvalidParameter(f"error storing credentials: {program}: {said}")


def _change_file(config: ClientConfig, change: Any) -> None:
    """Write config.json anew with changed `auths`, readable by its owner alone; whole or not at all."""
    values = {**config.values, "auths": dict(config.values.get("auths") or {})}
    change(values["auths"])
    path = config.directory / "config.json"
    try:
        config.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = path.resolve()
        fd, name = tempfile.mkstemp(dir=target.parent, prefix="config.json")
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(values, file, indent="\t")
            file.write("\n")
            file.flush()
            os.fsync(fd)
        os.replace(name, target)
    except OSError as exc:
        raise InvalidParameter(f"error saving credentials: {path}: {exc.strerror}") from exc
