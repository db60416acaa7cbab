"""`transom info`: what the engine says about itself and its host."""

import sys
from collections.abc import Iterator
from typing import Any

from transom import __version__
from transom.cli.command import NONE, Command
from transom.cli.flags import Values
from transom.cli.options.filters import INSPECT_FORMAT
from transom.cli.output.render import Template, to_json
from transom.cli.output.units import bytes_size
from transom.cli.session import Session
from transom.client.engine import Doc

PLAIN: tuple[tuple[str, str], ...] = (
    ("KernelVersion", "Kernel Version"),
    ("OperatingSystem", "Operating System"),
    ("OSType", "OSType"),
    ("Architecture", "Architecture"),
    ("NCPU", "CPUs"),
)


def _info(session: Session, values: Values, _: list[str]) -> None:
    info = session.client.get("/info")
    form = values.text("format")
    if form:
        ours = {"Version": __version__, "Context": session.config.current_context, "Debug": False}
        value = {**info, "ClientInfo": ours}
        print(to_json(value) if form == "json" else Template(form).render(value))
        return
    lines = ["Client:", f" Version:    {__version__}", f" Context:    {session.config.current_context}"]
    lines += [" Debug Mode: false", "", "Server:", *_lines(info)]
    print("\n".join(lines))
    sys.stdout.flush()
    for warning in info.get("Warnings") or ():
        print(warning, file=sys.stderr)


def _lines(info: Doc) -> Iterator[str]:
    yield f" Containers: {info.get('Containers', 0)}"
    for key, name in (
        ("ContainersRunning", "Running"),
        ("ContainersPaused", "Paused"),
        ("ContainersStopped", "Stopped"),
    ):
        yield f"  {name}: {info.get(key, 0)}"
    yield f" Images: {info.get('Images', 0)}"
    yield from _field(info, "ServerVersion", "Server Version")
    yield from _field(info, "Driver", "Storage Driver")
    for pair in info.get("DriverStatus") or ():
        yield f"  {pair[0]}: {pair[1]}"
    for key, name in (
        ("LoggingDriver", "Logging Driver"),
        ("CgroupDriver", "Cgroup Driver"),
        ("CgroupVersion", "Cgroup Version"),
    ):
        yield from _field(info, key, name)
    yield " Plugins:"
    for kind in ("Volume", "Network", "Authorization", "Log"):
        if names := (info.get("Plugins") or {}).get(kind):
            yield f"  {kind}: {' '.join(names)}"
    yield f" Swarm: {(info.get('Swarm') or {}).get('LocalNodeState', 'inactive')}"
    if info.get("Runtimes"):
        yield f" Runtimes: {' '.join(sorted(info['Runtimes']))}"
    yield from _field(info, "DefaultRuntime", "Default Runtime")
    yield from _field(info, "InitBinary", "Init Binary")
    for key, name in (("ContainerdCommit", "containerd"), ("RuncCommit", "runc"), ("InitCommit", "init")):
        if (commit := info.get(key)) and commit.get("ID"):
            yield f" {name} version: {commit['ID']}"
    yield from _security(info.get("SecurityOptions") or ())
    yield from _field(info, "Isolation", "Default Isolation")
    for key, name in PLAIN:
        yield from _field(info, key, name)
    if "MemTotal" in info:
        yield f" Total Memory: {bytes_size(info['MemTotal'])}"
    yield from _field(info, "Name", "Name")
    yield from _field(info, "ID", "ID")
    yield from _field(info, "DockerRootDir", "Docker Root Dir")
    yield f" Debug Mode: {str(bool(info.get('Debug'))).lower()}"
    for key, name in (("HttpProxy", "HTTP Proxy"), ("HttpsProxy", "HTTPS Proxy"), ("NoProxy", "No Proxy")):
        yield from _field(info, key, name)
    yield from _list("Labels", info.get("Labels"))
    yield f" Experimental: {str(bool(info.get('ExperimentalBuild'))).lower()}"
    registries = info.get("RegistryConfig") or {}
    insecure = [name for name, index in (registries.get("IndexConfigs") or {}).items() if not index.get("Secure")]
    yield from _list("Insecure Registries", [*insecure, *(registries.get("InsecureRegistryCIDRs") or ())])
    yield from _list("Registry Mirrors", registries.get("Mirrors"))
    yield f" Live Restore Enabled: {str(bool(info.get('LiveRestoreEnabled'))).lower()}"
    yield from _field(info, "ProductLicense", "Product License")
    yield ""


def _field(info: Doc, key: str, name: str) -> Iterator[str]:
    if info.get(key):
        yield f" {name}: {info[key]}"


def _list(name: str, items: Any) -> Iterator[str]:
    if items:
        yield f" {name}:"
        for item in items:
            yield f"  {item}"


def _security(options: Any) -> Iterator[str]:
    if not options:
        return
    yield " Security Options:"
    for option in options:
        pairs = dict(part.partition("=")[::2] for part in str(option).split(","))
        yield f"  {pairs.pop('name', option)}"
        for key, value in pairs.items():
            yield f"   {key.capitalize()}: {value}"


INFO = Command("[OPTIONS]", "Display system-wide information", _info, (INSPECT_FORMAT,), NONE)
