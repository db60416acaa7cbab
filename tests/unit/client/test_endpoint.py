"""Which engine is meant: flags, environment, contexts, in Docker's order."""

import hashlib
import json
from pathlib import Path

import pytest

from transom.client.contexts import ClientConfig
from transom.client.endpoint import DEFAULT_HOST, Endpoint, choose_endpoint, parse_host
from transom.errors import InvalidParameter, NotFound


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name, host in (("far", "tcp://far:2376"), ("near", "unix:///near.sock")):
        key = hashlib.sha256(name.encode()).hexdigest()
        meta = tmp_path / "contexts" / "meta" / key
        meta.mkdir(parents=True)
        (meta / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))
    tls = tmp_path / "contexts" / "tls" / hashlib.sha256(b"far").hexdigest() / "docker"
    tls.mkdir(parents=True)
    return tmp_path


def choose(directory: Path, *, host: str = "", context: str = "", **environ: str) -> Endpoint:
    config = ClientConfig.load(directory)
    return choose_endpoint(host=host or None, context=context or None, environ=environ, config=config)


def test_nothing_chosen_is_the_default_socket(directory: Path) -> None:
    assert choose(directory) == Endpoint(DEFAULT_HOST, is_default=True)


def test_order_of_what_chooses(directory: Path) -> None:
    (directory / "config.json").write_text('{"currentContext": "near"}')
    assert choose(directory).host == "unix:///near.sock"
    assert choose(directory, DOCKER_CONTEXT="far").host == "tcp://far:2376"
    assert choose(directory, DOCKER_CONTEXT="far", DOCKER_HOST="unix:///d").host == "unix:///d"
    assert choose(directory, TRANSOM_HOST="unix:///t", DOCKER_HOST="unix:///d").host == "unix:///t"
    assert choose(directory, context="far", DOCKER_HOST="unix:///d").host == "tcp://far:2376"
    assert choose(directory, host="unix:///h", DOCKER_HOST="unix:///d").host == "unix:///h"


def test_context_brings_its_certificates(directory: Path) -> None:
    tls = choose(directory, context="far").tls
    assert tls is not None and tls.directory.is_dir() and tls.verify


def test_host_that_was_chosen_never_starts_an_engine(directory: Path) -> None:
    assert not choose(directory, host=DEFAULT_HOST).is_default


def test_host_and_context_together_are_refused(directory: Path) -> None:
    with pytest.raises(InvalidParameter, match="cannot specify both --host and --context"):
        choose(directory, host="unix:///h", context="near")


def test_context_that_is_not_there_is_named(directory: Path) -> None:
    with pytest.raises(NotFound, match='context "gone": context not found'):
        choose(directory, context="gone")


def test_damaged_config_is_an_error(directory: Path) -> None:
    (directory / "config.json").write_text("{")
    with pytest.raises(InvalidParameter, match="Error loading config file"):
        choose(directory)


@pytest.mark.parametrize("text", ["", "unix://", "/run/x.sock", "npipe:////./pipe/docker_engine", "gopher://x"])
def test_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_host(text)


def test_tcp_port_has_docker_s_default() -> None:
    assert parse_host("tcp://h").host == "tcp://h:2375"


def test_registry_credentials_come_from_the_file(directory: Path) -> None:
    (directory / "config.json").write_text('{"auths": {"r.example:5000": {"auth": "dTpw"}}}')
    config = ClientConfig.load(directory)
    import base64

    sent = json.loads(base64.urlsafe_b64decode(config.registry_auth("r.example:5000")))
    assert sent == {"username": "u", "password": "p", "serveraddress": "r.example:5000"}
    assert json.loads(base64.urlsafe_b64decode(config.registry_auth("other"))) == {}
