"""Where the engine is: addresses as DOCKER_HOST writes them, and sockets connected to them.

The order is Docker's: --host, --context, TRANSOM_HOST, DOCKER_HOST, DOCKER_CONTEXT, the context in
use, and then Transom's own socket.
"""

import errno
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transom.client.contexts import DEFAULT, ClientConfig
from transom.client.errors import AccessDenied, ConnectionFailed
from transom.errors import InvalidParameter

DEFAULT_SOCKET = "/run/transom/transom.sock"
DEFAULT_HOST = f"unix://{DEFAULT_SOCKET}"
CONNECT_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The three files of a TLS client, and whether the server's certificate is checked."""

    directory: Path
    verify: bool = True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One engine's address.

    is_default is true where nothing chose the address: only there may an engine be started.
    """

    host: str
    is_default: bool = False
    tls: TlsFiles | None = None

    @property
    def scheme(self) -> str:
        """Return unix, tcp, ssh, …"""
        return self.host.partition("://")[0]

    @property
    def address(self) -> str:
        """Return what follows the scheme: a path or host and port."""
        return self.host.partition("://")[2]

    @property
    def http_host(self) -> str:
        """Return the Host header; like Docker's client, a fixed word for sockets without a name."""
        return self.address if self.scheme == "tcp" else "api.moby.localhost"

    def connect(self) -> socket.socket:
        """Return a connected socket.

        Raises:
            ConnectionFailed: nothing listens there, or (AccessDenied) this user may not connect.
        """
        try:
            if self.scheme == "unix":
                return _connect_unix(self.address)
            if self.scheme == "tcp":
                return _connect_tcp(self.address, self.tls)
            return _connect_ssh(self.address)
        except PermissionError as exc:
            raise AccessDenied(_denied(self)) from exc
        except OSError as exc:
            missing = exc.errno in (errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR)
            detail = "" if missing else f" ({exc.strerror or exc})"
            raise ConnectionFailed(
                f"Cannot connect to the Docker daemon at {self.host}. Is the docker daemon running?{detail}"
            ) from exc


def parse_host(text: str, *, is_default: bool = False, tls: TlsFiles | None = None) -> Endpoint:
    """Return the endpoint that text names.

    Raises:
        InvalidParameter: text is not an address that Transom can connect to.
    """
    scheme, found, rest = text.strip().partition("://")
    if not found:
        raise InvalidParameter(f"unable to parse docker host `{text}`")
    if scheme == "npipe":
        raise InvalidParameter(f"{text}: named pipes exist on Windows hosts only; use unix://, tcp:// or ssh://")
    if scheme not in ("unix", "tcp", "ssh"):
        raise InvalidParameter(f"{text}: Transom connects to unix://, tcp:// and ssh:// addresses, not to {scheme}://")
    if not rest:
        raise InvalidParameter(f"unable to parse docker host `{text}`")
    if scheme == "tcp" and rest.rpartition(":")[2].isdigit() is False:
        rest += ":2376" if tls else ":2375"
    return Endpoint(f"{scheme}://{rest}", is_default, tls)


def choose_endpoint(
    *,
    host: str | None,
    context: str | None,
    environ: Mapping[str, str],
    config: ClientConfig,
    tls: TlsFiles | None = None,
) -> Endpoint:
    """Return the endpoint that flags, environment and configuration choose together.

    Raises:
        InvalidParameter: --host and --context are both given, or an address is malformed.
        NotFound: the context does not exist.
    """
    if host and context:
        raise InvalidParameter("conflicting options: cannot specify both --host and --context")
    if tls is None and environ.get("DOCKER_TLS_VERIFY"):
        tls = TlsFiles(Path(environ.get("DOCKER_CERT_PATH") or config.directory))
    if host:
        return parse_host(host, tls=tls)
    if not context:
        for variable in ("TRANSOM_HOST", "DOCKER_HOST"):
            if environ.get(variable):
                return parse_host(environ[variable], tls=tls)
    name = context or environ.get("DOCKER_CONTEXT") or config.current_context
    if name == DEFAULT:
        return Endpoint(DEFAULT_HOST, is_default=True)
    found = config.context_endpoint(name)
    files = TlsFiles(found.tls_dir, verify=not found.skip_verify) if found.tls_dir else None
    return parse_host(found.host, tls=files)


def _denied(endpoint: Endpoint) -> str:
    text = f"permission denied while trying to connect to the Docker daemon socket at {endpoint.host}"
    if endpoint.is_default:
        return f"{text}: run this as root, or join the group transom (usermod -aG transom USER, then log in again)"
    return text


def _connect_unix(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.connect(path)
    except BaseException:
        sock.close()
        raise
    return sock


def _connect_tcp(address: str, tls: TlsFiles | None) -> socket.socket:
    name, _, port = address.rpartition(":")
    sock = socket.create_connection((name.strip("[]"), int(port)), timeout=CONNECT_TIMEOUT_S)
    try:
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is None:
            return sock
        import ssl

        context = ssl.create_default_context(cafile=str(tls.directory / "ca.pem") if tls.verify else None)
        if not tls.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if (tls.directory / "cert.pem").exists():
            context.load_cert_chain(tls.directory / "cert.pem", tls.directory / "key.pem")
        return context.wrap_socket(sock, server_hostname=name.strip("[]"))
    except BaseException:
        sock.close()
        raise


def _connect_ssh(address: str) -> socket.socket:
    """Return one end of a socket pair whose other end is `ssh … docker system dial-stdio`."""
    import subprocess

    target, _, port = address.rstrip("/").partition(":")
    argv = ["ssh", "-T", "-o", "ConnectTimeout=30"]
    argv += ["-p", port] if port else []
    ours, theirs = socket.socketpair()
    try:
        # ssh ends by itself when our end of the pair is closed; it is reaped with this short-lived program.
        subprocess.Popen(
            [*argv, "--", target, "docker", "system", "dial-stdio"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    os.set_inheritable(ours.fileno(), False)
    return ours
