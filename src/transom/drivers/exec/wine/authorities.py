"""The certificate authorities that Windows programs trust: the host's, the configuration's, the container's own.

Wine fills Windows' root store from a file on its Linux side, when a program first asks for it, and takes out of the
store what the file does not have. So the file has all three: what `certutil -addstore root` and its like have put into
a container's registry is in it too.
"""

import base64
import hashlib
import os
import re
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from transom.errors import InvalidParameter

TARGET = "/etc/ssl/certs/ca-certificates.crt"
"""Where Wine looks first, in the container."""
ROOT_STORE = r"Software\\Microsoft\\SystemCertificates\\Root\\Certificates"
"""Windows' root store, in the spelling of a registry file."""
_HOST_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",
)
_MICROSOFTS = (
    "3b1efd3a66ea28b16697394703a72ca340a05bd5",
    "7f88cd7223f3c813818c994614a89c99fa3b5247",
    "8f43288ad272f3103b6fb1428485ea3014c0bcfe",
    "a43489159a520f0d93d032ccaf37e7fe20a8b419",
    "cdd4eeae6000ac7f40c3802c171e30148030c072",
)
"""Thumbprints of the authorities that Wine itself brings."""
_LARGEST_FILE = 16 << 20
_KEPT = 8
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----")
_SECTION = re.compile(
    rb"^\[Software\\\\Microsoft\\\\SystemCertificates\\\\Root\\\\Certificates\\\\[0-9A-F]{40}\][^\n]*\n(.*?)(?=^\[|\Z)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
_BLOB = re.compile(rb'^"Blob"=hex(?:\(3\))?:((?:[0-9a-f,\s]|\\\n)*)', re.MULTILINE | re.IGNORECASE)
_CERTIFICATE_PROPERTY = 32
_PROPERTY_HEADER = 12


def _der(pem: bytes) -> Iterator[bytes]:
    for match in _CERTIFICATE.finditer(pem):
        try:
            yield base64.b64decode(b"".join(match[1].split()), validate=True)
        except ValueError:
            continue


def _pem(der: bytes) -> bytes:
    text = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"


def check_file(path: str) -> None:
    """Check a file of authorities that the configuration names.

    Raises:
        InvalidParameter: it cannot be read, or has no certificate.
    """
    if not any(_der(_read(Path(path)))):
        raise InvalidParameter(f"windows-ca: {path} has no certificate in PEM form")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_FILE)
    except OSError as exc:
        raise InvalidParameter(f"windows-ca: {path}: {os.strerror(exc.errno or 0)}") from exc


class Authorities:
    """Files of authorities below a directory, named by their content; calls block."""

    def __init__(self, directory: Path, extra: Sequence[str] = ()) -> None:
        self.directory = directory
        self._extra = tuple(Path(path) for path in extra)
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._made: Path | None = None
        self._lock = threading.Lock()

    def bundle(self) -> Path | None:
        """Return the file with the host's and the configuration's authorities, None if there are none.

        The host's are looked at anew each time; what was returned before is left as it is.

        Raises:
            InvalidParameter: a file of the configuration cannot be read any more.
        """
        with self._lock:  # containers that start at once would take each other's part file away
            sources = [path for path in map(Path, _HOST_BUNDLES) if path.is_file()][:1] + list(self._extra)
            found = [(str(path), path.stat()) for path in sources if path.exists()]
            seen = tuple((name, info.st_mtime_ns, info.st_size) for name, info in found)
            if seen != self._seen or (self._made is not None and not self._made.exists()):
                content = b"".join(_read(path).rstrip() + b"\n" for path in sources)
                self._made = self._write(content) if content.strip() else None
                self._seen = seen
            return self._made

    def _write(self, content: bytes) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f"{hashlib.sha256(content).hexdigest()[:32]}.crt"
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.chmod(0o644)
        part.rename(path)
        files = sorted(self.directory.glob("*.crt"), key=lambda each: each.stat().st_mtime_ns)
        for old in files[:-_KEPT]:
            old.unlink(missing_ok=True)
        return path

    def with_own(self, system_reg: bytes, place: Path) -> Path | None:
        """Return the bundle, or a file at place with those too that a container has in its registry."""
        bundle = self.bundle()
        own = own_certificates(system_reg)
        if not own:
            return bundle
        content = bundle.read_bytes() if bundle else b""
        known = {hashlib.sha1(der).digest() for der in _der(content)}
        more = [_pem(der) for der in own if hashlib.sha1(der).digest() not in known]
        if not more:
            return bundle
        part = place.with_suffix(".part")
        part.write_bytes(content + b"".join(more))
        part.chmod(0o644)
        part.rename(place)
        return place

    def keys(self) -> frozenset[str]:
        """Return the registry keys, folded, that Wine fills with authorities which are not the container's own."""
        found = (der for path in self.directory.glob("*.crt") for der in _der(path.read_bytes()))
        thumbprints = (*_MICROSOFTS, *(hashlib.sha1(der).hexdigest() for der in found))
        return frozenset(f"{ROOT_STORE}\\\\{thumbprint}".lower() for thumbprint in thumbprints)


def own_certificates(system_reg: bytes) -> list[bytes]:
    """Return the certificates in the root store of a registry file, as it came from a container."""
    start = system_reg.find(f"\n[{ROOT_STORE}\\\\".encode())  # spelled as in the base, whatever a program wrote
    if start < 0:
        return []
    blobs = (_BLOB.search(section[1]) for section in _SECTION.finditer(system_reg, start))
    found = (_certificate_of(bytes.fromhex(_digits(match[1]))) for match in blobs if match)
    return [der for der in found if der]


def _digits(data: bytes) -> str:
    text = re.sub(rb"[^0-9a-fA-F]", b"", data).decode("ascii")
    return text[: len(text) & ~1]


def _certificate_of(blob: bytes) -> bytes:
    """Return the certificate among a serialized context's properties, or nothing.

    Source: [MS-GPEF] 2.2.1.2.2 (CertificateBlob: property, reserved, length, value).
    """
    at = 0
    while at + _PROPERTY_HEADER <= len(blob):
        kind, length = (int.from_bytes(blob[at + n : at + n + 4], "little") for n in (0, 8))
        at += _PROPERTY_HEADER
        if kind == _CERTIFICATE_PROPERTY:
            return blob[at : at + length]
        at += length
    return b""


def is_root_key(key: str) -> bool:
    """Tell whether a registry key is in the root store."""
    return key.lower().startswith(ROOT_STORE.lower())
