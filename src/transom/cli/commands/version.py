"""`transom version`: both sides' versions. It starts no engine: one that is away is an answer, too."""

import platform
import sys
from typing import Any

from transom import __version__
from transom.cli.command import NONE, PROGRAM, Command
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.options.filters import INSPECT_FORMAT
from transom.cli.output.render import Template, to_json
from transom.cli.session import Session
from transom.client.engine import CLIENT_API, Doc
from transom.client.errors import AccessDenied, ConnectionFailed

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def version_line() -> str:
    """Return what `transom --version` prints."""
    return f"Transom version {__version__}"


def _client_version(session: Session) -> Doc:
    most = ".".join(map(str, CLIENT_API))
    return {
        "Version": __version__,
        "ApiVersion": most,
        "DefaultAPIVersion": most,
        "PythonVersion": platform.python_version(),
        "Os": sys.platform,
        "Arch": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "Context": session.config.current_context,
    }


def _version(session: Session, values: Values, _: list[str]) -> int:
    ours = _client_version(session)
    client = session.unstarted_client()
    server: Any = None
    failure = ""
    try:
        server = client.get("/version")
        ours["ApiVersion"] = ".".join(map(str, client.api_version))
    except ConnectionFailed as exc:
        failure = str(exc)
        if client.endpoint.is_default and not isinstance(exc, AccessDenied):
            failure = f"No engine runs at {client.endpoint.host}. The next command that needs one starts it."
    form = values.text("format")
    if form:
        value = {"Client": ours, "Server": server}
        print(to_json(value) if form == "json" else Template(form).render(value))
    else:
        print("\n".join(_client_lines(ours) + (_server_lines(server) if server else [])))
    sys.stdout.flush()
    if failure:
        raise CliError(failure)
    return 0


def _client_lines(ours: Doc) -> list[str]:
    api = ours["ApiVersion"]
    if api != ours["DefaultAPIVersion"]:
        api += f" (downgraded from {ours['DefaultAPIVersion']})"
    return [
        f"Client: {PROGRAM.capitalize()}",
        *_pairs(
            1,
            {
                "Version": ours["Version"],
                "API version": api,
                "Python version": ours["PythonVersion"],
                "OS/Arch": f"{ours['Os']}/{ours['Arch']}",
                "Context": ours["Context"],
            },
        ),
    ]


def _server_lines(server: Doc) -> list[str]:
    name = (server.get("Platform") or {}).get("Name")
    lines = ["", f"Server: {name}".rstrip() if name else "Server:"]
    parts = server.get("Components") or [{"Name": "Engine", "Version": server.get("Version"), "Details": {}}]
    for part in parts:
        details = part.get("Details") or {}
        lines.append(f" {part['Name']}:")
        if part["Name"] == "Engine":
            least = details.get("MinAPIVersion") or server.get("MinAPIVersion", "")
            api = details.get("ApiVersion") or server.get("ApiVersion", "")
            shown = {
                "Version": part.get("Version"),
                "API version": f"{api} (minimum version {least})" if least else api,
                "Go version": details.get("GoVersion") or server.get("GoVersion"),
                "Git commit": details.get("GitCommit") or server.get("GitCommit"),
                "Built": details.get("BuildTime") or server.get("BuildTime"),
                "OS/Arch": f"{server.get('Os')}/{server.get('Arch')}",
                "Experimental": str(details.get("Experimental") or server.get("Experimental") or "false").lower(),
            }
        else:
            shown = {"Version": part.get("Version"), **details}
        lines += _pairs(2, {key: value for key, value in shown.items() if value})
    return lines


def _pairs(indent: int, values: dict[str, Any]) -> list[str]:
    return [f"{' ' * indent}{key + ':':<18}{value}" for key, value in values.items()]


VERSION = Command("[OPTIONS]", "Show the Transom version information", _version, (INSPECT_FORMAT,), NONE)
