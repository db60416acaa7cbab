"""Where logins are kept: config.json, or a credential helper."""

import json
import stat
from pathlib import Path

import pytest

from transom.client.contexts import ClientConfig
from transom.client.credentials import HUB_KEY, erase, key_of, store
from transom.errors import InvalidParameter

HELPER = """#!/bin/sh
case $1 in
  store) cat > "$0.kept" ;;
  get) test -e "$0.kept" && cat "$0.kept" ;;
  erase) rm -f "$0.kept" ;;
esac
"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A helper that keeps one login beside itself."""
    path = tmp_path / "bin" / "docker-credential-fake"
    path.parent.mkdir()
    path.write_text(HELPER)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")
    return path


@pytest.mark.parametrize(
    ("server", "key"),
    [
        ("", HUB_KEY),
        ("docker.io", HUB_KEY),
        ("https://index.docker.io/v1/", HUB_KEY),
        ("localhost:5000", "localhost:5000"),
        ("https://r.example/v2/", "r.example"),
    ],
)
def test_names_of_servers(server: str, key: str) -> None:
    assert key_of(server) == key


def test_file_keeps_what_else_is_in_it_and_is_its_owner_s(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"psFormat": "x", "auths": {"other": {"auth": "YTpi"}}}')
    kept = store(ClientConfig.load(tmp_path), "r.example", "me", "pass:word", "")
    assert kept == tmp_path / "config.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    again = ClientConfig.load(tmp_path)
    assert again.credentials("r.example") == {"username": "me", "password": "pass:word", "serveraddress": "r.example"}
    assert again.text("psFormat") == "x"
    assert erase(again, "r.example")
    assert not erase(ClientConfig.load(tmp_path), "r.example")
    assert list(json.loads(kept.read_text())["auths"]) == ["other"]
    assert [each.name for each in tmp_path.iterdir()] == ["config.json"]


def test_identity_token_is_kept_in_place_of_the_password(tmp_path: Path) -> None:
    store(ClientConfig.load(tmp_path), "r.example", "me", "secret", "token")
    found = ClientConfig.load(tmp_path).credentials("r.example")
    assert found == {"identitytoken": "token", "username": "me", "password": "", "serveraddress": "r.example"}


def test_helper_keeps_the_secret_and_the_file_does_not(tmp_path: Path, helper: Path) -> None:
    (tmp_path / "config.json").write_text('{"credsStore": "fake"}')
    assert store(ClientConfig.load(tmp_path), "r.example", "me", "secret", "") is None
    assert "secret" not in (tmp_path / "config.json").read_text()
    kept = json.loads(Path(f"{helper}.kept").read_text())
    assert kept == {"ServerURL": "r.example", "Username": "me", "Secret": "secret"}
    found = ClientConfig.load(tmp_path).credentials("r.example")
    assert (found["username"], found["password"]) == ("me", "secret")
    assert erase(ClientConfig.load(tmp_path), "r.example")
    assert ClientConfig.load(tmp_path).credentials("r.example") == {}


def test_helper_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"credsStore": "nosuch-helper"}')
    with pytest.raises(InvalidParameter, match="docker-credential-nosuch-helper"):
        store(ClientConfig.load(tmp_path), "r.example", "me", "secret", "")
