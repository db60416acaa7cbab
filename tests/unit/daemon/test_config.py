"""The engine's configuration: flag, environment, file, default."""

import json
from pathlib import Path

import pytest

from transom.daemon.config import load
from transom.errors import InvalidParameter


def file(path: Path, **values: object) -> str:
    path = path / "daemon.json"
    path.write_text(json.dumps({name.replace("_", "-"): value for name, value in values.items()}))
    return str(path)


def test_flag_beats_environment_beats_file(tmp_path: Path) -> None:
    given = ["--config-file", file(tmp_path, data_root="/file", exec_root="/file", log_level="error")]

    config = load([*given, "--data-root", "/flag"], {"TRANSOM_DATA_ROOT": "/environment"})
    without = load(given, {"TRANSOM_DATA_ROOT": "/environment"})

    assert (str(config.data_root), str(without.data_root)) == ("/flag", "/environment")
    assert (str(config.exec_root), config.log_level) == ("/file", "error")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"data_rot": "/x"}, "did you mean data-root"),
        ({"hosts": "unix:///x"}, "a list of texts"),
        ({"data_root": 1}, "a path is expected"),
        ({"log_level": "loud"}, "loud is none of"),
        ({"hosts": ["tcp://0.0.0.0:2375"]}, "unix sockets only"),
        ({"hosts": ["unix://x"]}, "a host is unix:///path"),
        ({"idle_timeout": -1}, "cannot be negative"),
        ({"registry_mirrors": ["m.example"]}, "no http:// or https:// URL"),
        ({"registry_mirrors": ["https://m.example/path"]}, "path, query, or fragment"),
        ({"registry_mirrors": ["https://me:pw@m.example"]}, "username/password not allowed"),
        ({"insecure_registries": ["http://r.example"]}, "should not contain '://'"),
        ({"registry_locations": ["r.example"]}, "is not DOMAIN=URL"),
        ({"registry_locations": ["r.example=ftp://x"]}, "is not DOMAIN=URL"),
        ({"max_concurrent_downloads": 0}, "a number above 0"),
        ({"proxies": {"https": "http://p"}}, "proxies holds http-proxy, https-proxy, no-proxy"),
        ({"proxies": {"https-proxy": "p:3128"}}, "no http:// or https:// URL"),
        ({"proxies": {"no-proxy": ["a"]}}, "str expected"),
        ({"max_concurrent_downloads": "3"}, "int expected"),
    ],
)
def test_wrong_file_is_refused_with_a_hint(tmp_path: Path, values: dict[str, object], text: str) -> None:
    with pytest.raises(InvalidParameter, match=text):
        load(["--config-file", file(tmp_path, **values)], {})


def test_registries_are_named_as_dockerd_names_them(tmp_path: Path) -> None:
    given = file(tmp_path, insecure_registries=["r:5000"], registry_mirrors=["https://m"], max_concurrent_downloads=9)
    config = load(["--config-file", given, "--registry-location", "a=http://b", "--registry-location", "c="], {})
    assert (config.insecure_registries, config.registry_mirrors) == (("r:5000",), ("https://m",))
    assert (config.max_concurrent_downloads, config.registry_locations) == (9, ("a=http://b", "c="))


def test_proxies_of_the_configuration_take_the_place_of_the_environment_s(tmp_path: Path) -> None:
    given = file(tmp_path, proxies={"https-proxy": "http://file:1", "no-proxy": "a,b"})
    environ = {"HTTPS_PROXY": "http://environment:1", "http_proxy": "http://environment:2", "HOME": "/root"}
    config = load(["--config-file", given, "--no-proxy", "c"], environ)
    assert config.environment == {
        "http_proxy": "http://environment:2", "https_proxy": "http://file:1", "HTTPS_PROXY": "http://file:1",
        "no_proxy": "c", "NO_PROXY": "c",
    }  # fmt: skip


def test_named_file_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="no such file"):
        load(["--config-file", str(tmp_path / "none")], {})
