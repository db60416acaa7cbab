"""transomd's configuration: flag, then environment, then file, then default; checked whole at start.

Keys of the file are dockerd's (`daemon.json`); an unknown one is an error that names the nearest known.
"""

import argparse
import difflib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import transom
from transom.errors import InvalidParameter

DEFAULT_SOCKET = "unix:///run/transom/transom.sock"
DEFAULT_FILE = "/etc/transom/daemon.json"

_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")

_BASE_BUILDS = ("pull", "run")

_INHERITED = (
    "PATH",
    *(name for each in ("http", "https", "no") for name in (f"{each}_proxy", f"{each}_proxy".upper())),
)

_FILE_KEYS: Mapping[str, str] = {
    "hosts": "hosts",
    "data-root": "data_root",
    "exec-root": "exec_root",
    "pidfile": "pidfile",
    "log-level": "log_level",
    "debug": "debug",
    "group": "group",
    "bridge": "bridge",
    "bip": "bip",
    "dns": "dns",
    "dns-search": "dns_search",
    "dns-opts": "dns_options",
    "default-runtime": "default_runtime",
    "init-path": "init_path",
    "mirror": "mirror",
    "base-build": "base_build",
    "windows-ca": "windows_ca",
    "registry-mirrors": "registry_mirrors",
    "insecure-registries": "insecure_registries",
    "registry-locations": "registry_locations",
    "registry-certs": "registry_certs",
    "max-concurrent-downloads": "max_concurrent_downloads",
    "max-concurrent-uploads": "max_concurrent_uploads",
    "max-download-attempts": "max_download_attempts",
    "idle-timeout": "idle_timeout_s",
}


_PROXIES = {f"{each}-proxy": f"{each}_proxy" for each in ("http", "https", "no")}
"""What `proxies` of the file may hold."""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that can be set. Paths are absolute; idle_timeout_s 0 means never.

    registry_locations: `DOMAIN=URL` each: where a registry's repositories are asked for in its place; `DOMAIN=` alone:
    that registry is never asked. registry_certs: directories like /etc/docker/certs.d.
    http_proxy, https_proxy, no_proxy: in place of what the environment says; environment has the outcome.
    """

    hosts: tuple[str, ...] = (DEFAULT_SOCKET,)
    data_root: Path = Path("/var/lib/transom")
    exec_root: Path = Path("/run/transom")
    pidfile: str = ""
    log_level: str = "info"
    group: str = "transom"
    bridge: str = ""
    bip: str = ""
    dns: tuple[str, ...] = ()
    dns_search: tuple[str, ...] = ()
    dns_options: tuple[str, ...] = ()
    default_runtime: str = ""
    init_path: str = ""
    mirror: str = ""
    base_build: str = "pull"
    windows_ca: tuple[str, ...] = ()
    idle_timeout_s: int = 0
    registry_mirrors: tuple[str, ...] = ()
    insecure_registries: tuple[str, ...] = ()
    registry_locations: tuple[str, ...] = ()
    registry_certs: tuple[str, ...] = ("/etc/transom/certs.d", "/etc/docker/certs.d")
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""
    max_concurrent_downloads: int = 3
    max_concurrent_uploads: int = 5
    max_download_attempts: int = 5
    environment: Mapping[str, str] = field(default_factory=dict)
    """What programs that the engine runs may need of its environment: PATH and proxies."""


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    it = argparse.ArgumentParser(
        prog="transomd", description="A Docker-compatible engine for Windows and Linux containers on Linux hosts."
    )
    it.add_argument("--version", action="version", version=f"transomd version {transom.__version__}")
    it.add_argument("-H", "--host", action="append", dest="hosts", metavar="unix://PATH", help="socket to listen on")
    it.add_argument("--data-root", metavar="DIR", help="where images, containers and volumes are kept")
    it.add_argument("--exec-root", metavar="DIR", help="where the state of running containers is kept")
    it.add_argument("-p", "--pidfile", metavar="FILE", help="file to write the engine's pid to")
    it.add_argument("-l", "--log-level", choices=_LEVELS, help="what to log (default info)")
    it.add_argument("-D", "--debug", action="store_true", help="same as --log-level debug")
    it.add_argument("--config-file", metavar="FILE", help=f"daemon configuration file (default {DEFAULT_FILE})")
    it.add_argument("-G", "--group", metavar="NAME", help="group that may use the sockets (default transom)")
    it.add_argument("-b", "--bridge", metavar="NAME", help="none: make no default network")
    it.add_argument("--bip", metavar="CIDR", help="address of the default bridge")
    it.add_argument("--dns", action="append", metavar="IP", help="name server for containers")
    it.add_argument("--dns-search", action="append", metavar="DOMAIN", help="search domain for containers")
    it.add_argument("--dns-opt", action="append", dest="dns_options", metavar="OPTION", help="resolver option")
    it.add_argument("--default-runtime", metavar="NAME", help="crun or runc (default: crun, else runc)")
    it.add_argument("--init-path", metavar="FILE", help="program for --init (default: tini-static)")
    it.add_argument("--mirror", metavar="URL", help="Debian mirror for Windows bases (default: the host's)")
    it.add_argument(
        "--base-build",
        choices=_BASE_BUILDS,
        help="when to make a Windows base where there is none: with the first pull of a Windows image, which shows it "
        "(default), or with the first container that runs",
    )
    it.add_argument(
        "--windows-ca",
        action="append",
        metavar="FILE",
        help="certificate authorities that Windows programs trust beside the host's (PEM)",
    )
    it.add_argument(
        "--idle-timeout", type=int, dest="idle_timeout_s", metavar="SECONDS", help="end after so long without use"
    )
    it.add_argument(
        "--registry-mirror", action="append", dest="registry_mirrors", metavar="URL", help="mirror of Docker Hub"
    )
    it.add_argument(
        "--insecure-registry",
        action="append",
        dest="insecure_registries",
        metavar="HOST",
        help="registry (host, host:port or CIDR) without a valid certificate, or with plain HTTP",
    )
    it.add_argument(
        "--registry-location",
        action="append",
        dest="registry_locations",
        metavar="DOMAIN=URL",
        help="ask URL for DOMAIN's images in its place; DOMAIN= alone: never ask for them",
    )
    it.add_argument(
        "--registry-certs",
        action="append",
        metavar="DIR",
        help="certificates by host (default /etc/docker/certs.d)",
    )
    it.add_argument("--http-proxy", metavar="URL", help="proxy for HTTP (default: the environment's http_proxy)")
    it.add_argument("--https-proxy", metavar="URL", help="proxy for HTTPS (default: the environment's https_proxy)")
    it.add_argument("--no-proxy", metavar="LIST", help="hosts that are asked directly, with commas between them")
    it.add_argument("--max-concurrent-downloads", type=int, metavar="N", help="layers of a pull at once (default 3)")
    it.add_argument("--max-concurrent-uploads", type=int, metavar="N", help="layers of a push at once (default 5)")
    it.add_argument("--max-download-attempts", type=int, metavar="N", help="tries of a transfer (default 5)")
    return it


def load(argv: Sequence[str], environ: Mapping[str, str]) -> Config:
    """Return the configuration.

    Raises:
        InvalidParameter: something is wrong; the text says what and where.
    """
    flags = vars(parser().parse_args(argv))
    path = flags.pop("config_file") or environ.get("TRANSOM_CONFIG_FILE", "")
    values = _from_file(path or DEFAULT_FILE, must_exist=bool(path))
    if environ.get("TRANSOM_DATA_ROOT"):
        values["data_root"] = environ["TRANSOM_DATA_ROOT"]
    if flags.pop("debug"):
        values["log_level"] = "debug"
    values |= {name: value for name, value in flags.items() if value is not None}
    if values.pop("debug", False):
        values.setdefault("log_level", "debug")
    config = _checked(values)
    inherited = {name: environ[name] for name in _INHERITED if name in environ}
    said = {name: value for name in _PROXIES.values() if (value := getattr(config, name))}
    return replace(config, environment=inherited | said | {name.upper(): value for name, value in said.items()})


def _from_file(path: str, *, must_exist: bool) -> dict[str, Any]:
    try:
        raw = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        if must_exist:
            raise InvalidParameter(f"unable to configure the engine with file {path}: no such file") from None
        return {}
    except (OSError, ValueError) as exc:
        raise InvalidParameter(f"unable to configure the engine with file {path}: {exc}") from None
    if not isinstance(raw, dict):
        raise InvalidParameter(f"unable to configure the engine with file {path}: it is no JSON object")
    values: dict[str, Any] = {}
    proxies = raw.pop("proxies", {})
    if not isinstance(proxies, dict) or not proxies.keys() <= _PROXIES.keys():
        raise InvalidParameter(f"unable to configure the engine with file {path}: proxies holds {', '.join(_PROXIES)}")
    values |= {_PROXIES[key]: value for key, value in proxies.items()}
    for key, value in raw.items():
        name = _FILE_KEYS.get(key)
        if name is None:
            near = difflib.get_close_matches(key, [*_FILE_KEYS, "proxies"], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InvalidParameter(
                f"unable to configure the engine with file {path}: the following directives don't match any "
                f"configuration option: {key}{hint}"
            )
        values[name] = value
    return values


def _checked(values: dict[str, Any]) -> Config:
    known = {field.name: field for field in fields(Config)}
    result: dict[str, Any] = {}
    for name, value in values.items():
        default = known[name].default
        if isinstance(default, tuple):
            if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
                raise InvalidParameter(f"{name.replace('_', '-')}: a list of texts is expected")
            value = tuple(value)
        elif isinstance(default, Path):
            value = _absolute(name, value)
        elif not isinstance(value, type(default)):
            raise InvalidParameter(f"{name.replace('_', '-')}: {type(default).__name__} expected, got {value!r}")
        result[name] = value
    config = Config(**result)
    if config.log_level not in _LEVELS:
        raise InvalidParameter(f"log-level: {config.log_level} is none of {', '.join(_LEVELS)}")
    if config.base_build not in _BASE_BUILDS:
        raise InvalidParameter(f"base-build: {config.base_build} is none of {', '.join(_BASE_BUILDS)}")
    if config.bridge not in {"", "none"}:
        raise InvalidParameter(
            f"bridge: {config.bridge}: the default network has a bridge of the engine's own; only none can be said"
        )
    if config.idle_timeout_s < 0:
        raise InvalidParameter("idle-timeout: seconds cannot be negative")
    _check_registries(config)
    for host in config.hosts:
        if host.startswith(("tcp://", "http")):
            raise InvalidParameter(
                f"{host}: the engine listens on unix sockets only; a TCP front end with TLS is a process of its own"
            )
        if not host.startswith(("unix:///", "fd://")):
            raise InvalidParameter(f"{host}: a host is unix:///path or fd://")
    return config


def _check_registries(config: Config) -> None:
    for name in ("max_concurrent_downloads", "max_concurrent_uploads", "max_download_attempts"):
        if getattr(config, name) < 1:
            raise InvalidParameter(f"{name.replace('_', '-')}: a number above 0 is expected")
    for proxy in (config.http_proxy, config.https_proxy):
        if proxy and (urlsplit(proxy).scheme not in {"http", "https"} or not urlsplit(proxy).hostname):
            raise InvalidParameter(f'invalid proxy: "{proxy}" is no http:// or https:// URL')
    for mirror in config.registry_mirrors:
        if urlsplit(mirror).scheme not in {"http", "https"} or not urlsplit(mirror).hostname:
            raise InvalidParameter(f'invalid mirror: "{mirror}" is no http:// or https:// URL')
        if urlsplit(mirror).username:
            raise InvalidParameter(f'invalid mirror: "{mirror}": username/password not allowed in URI')
        if urlsplit(mirror).path.strip("/") or urlsplit(mirror).query:
            raise InvalidParameter(f'invalid mirror: "{mirror}": path, query, or fragment at end of the URI')
    for entry in config.insecure_registries:
        if "://" in entry:
            raise InvalidParameter(f"insecure registry {entry} should not contain '://'")
    for entry in config.registry_locations:
        domain, equals, url = entry.partition("=")
        if not domain or not equals or (url and urlsplit(url).scheme not in {"http", "https"}):
            raise InvalidParameter(f"registry-locations: {entry!r} is not DOMAIN=URL, or DOMAIN= alone")


def _absolute(name: str, value: object) -> Path:
    if not isinstance(value, str) or not value:
        raise InvalidParameter(f"{name.replace('_', '-')}: a path is expected")
    return Path(os.path.realpath(value))
