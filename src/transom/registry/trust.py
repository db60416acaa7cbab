"""Which certificates a server must show, and which we show: TLS contexts from directories like /etc/docker/certs.d.

Source: docs.docker.com/engine/security/certificates: `<dir>/<host:port>/*.crt` are CAs, `*.cert` and `*.key` ours.
"""

import os
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

from transom.errors import InvalidParameter


class TrustStore:
    """Makes a TLS context for each host, once; certificates are read when a host is first asked."""

    def __init__(self, directories: Sequence[str]) -> None:
        """Look into directories, the first one that has the host."""
        self._directories = directories
        self._contexts: dict[tuple[str, bool], ssl.SSLContext] = {}

    def context(self, url: str, *, verify: bool) -> ssl.SSLContext:
        """Return the context for url's host. Blocks while files are read.

        Raises:
            InvalidParameter: a file in the host's directory is no certificate, or has no key.
        """
        host = urlsplit(url).netloc.rpartition("@")[2]
        found = self._directory(host)
        key = (found, verify)
        if key not in self._contexts:
            self._contexts[key] = _context(found, verify=verify)
        return self._contexts[key]

    def _directory(self, host: str) -> str:
        for directory in self._directories:
            path = os.path.join(directory, host)
            if os.path.isdir(path):
                return path
        return ""


def _context(directory: str, *, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    for name in sorted(os.listdir(directory)) if directory else ():
        path = os.path.join(directory, name)
        try:
            if name.endswith(".crt"):
                context.load_verify_locations(path)
            elif name.endswith(".cert"):
                key = path[: -len(".cert")] + ".key"
                if not os.path.exists(key):
                    raise InvalidParameter(f"missing key {key} for client certificate {path}")
                context.load_cert_chain(path, key)
        except (OSError, ssl.SSLError) as exc:
            raise InvalidParameter(f"{path}: cannot be used as a certificate: {exc}") from exc
    return context
