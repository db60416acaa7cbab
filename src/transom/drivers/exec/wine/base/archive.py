"""Debian's archive: what a signed Release lists and what a Packages index says. Pure.

Source: Debian wiki, DebianRepository/Format.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transom.drivers.exec.wine.base.sources import paragraphs
from transom.errors import InvalidParameter

_HEX = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(rb"(?m)^Package: (.+)$")
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._~/:-]*")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the archive as the signed Release lists it."""

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the index that is to be fetched."""

    name: str
    version: str
    architecture: str
    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SourcePackage:
    """A source package of the index: its archives, the upstream's and Debian's."""

    name: str
    version: str
    archives: tuple[Package, ...]


def signed_text(inline: str) -> str:
    """Return what stands between an InRelease file's header and its signature, with dashes unescaped.

    Only meaningful after the signature has been checked.

    Raises:
        InvalidParameter: the file is not clear-signed.
    """
    head, _, rest = inline.partition("\n\n")
    body, mark, _ = rest.partition("\n-----BEGIN PGP SIGNATURE-----")
    if not head.startswith("-----BEGIN PGP SIGNED MESSAGE-----") or not mark:
        raise InvalidParameter("InRelease: not a clear-signed file")
    return re.sub(r"(?m)^- ", "", body)


def parse_release(text: str, *, codename: str) -> dict[str, Listed]:
    """Return the files that a Release lists, by path.

    Raises:
        InvalidParameter: it is another release's, or malformed.
    """
    fields = next(paragraphs(text), {})
    if fields.get("codename") != codename or fields.get("origin") != "Debian":
        found = f"{fields.get('origin')} {fields.get('codename')}"
        raise InvalidParameter(f"the mirror's Release is {found}, not Debian {codename}")
    listed: dict[str, Listed] = {}
    for line in fields.get("sha256", "").splitlines():
        parts = line.split()
        if len(parts) == 3 and _HEX.fullmatch(parts[0]) and parts[1].isdigit():
            listed[parts[2]] = Listed(parts[2], parts[0], int(parts[1]))
    if not listed:
        raise InvalidParameter("the mirror's Release lists no SHA256 sums")
    return listed


def find_packages(index: Iterable[bytes], names: Iterable[str]) -> Iterator[Package]:
    """Yield the named packages of a Packages index, in the order of names. index: its text in pieces of any length.

    Raises:
        InvalidParameter: one is missing or its entry is malformed.
    """
    wanted = list(names)
    entries: dict[str, str] = {}
    marks = {name.encode() for name in wanted}
    # The index has 70,000 entries, 55 MB, and we want 25: only those are kept and parsed.
    for entry in _entries(index):
        match = _NAME.search(entry)
        if match and match[1] in marks:
            entries.setdefault(match[1].decode(), entry.decode("utf-8", "replace"))
    for name in wanted:
        if name not in entries:
            raise InvalidParameter(f"the mirror's index has no package {name}")
        yield _package(next(paragraphs(entries[name])))


def find_sources(index: Iterable[bytes], names: Iterable[str]) -> Iterator[SourcePackage]:
    """Yield the named packages of a Sources index, as find_packages does.

    Raises:
        InvalidParameter: one is missing or its entry is malformed.
    """
    wanted = list(names)
    found: dict[str, SourcePackage] = {}
    marks = {name.encode() for name in wanted}
    for entry in _entries(index):
        match = _NAME.search(entry)
        if match and match[1] in marks and b"\nExtra-Source-Only: yes" not in entry:
            made = _source(next(paragraphs(entry.decode("utf-8", "replace"))))
            found.setdefault(made.name, made)
    for name in wanted:
        if name not in found:
            raise InvalidParameter(f"the mirror's index has no source package {name}")
        yield found[name]


def _source(fields: dict[str, str]) -> SourcePackage:
    name = fields["package"]
    archives = []
    for line in fields.get("checksums-sha256", "").splitlines():
        sha256, _, rest = line.partition(" ")
        size, _, file = rest.partition(" ")
        if ".tar." in file and not file.endswith(".asc"):
            entry = {"package": name, "version": fields.get("version", ""), "architecture": "source"}
            path = f"{fields.get('directory')}/{file}"
            archives.append(_package({**entry, "filename": path, "sha256": sha256, "size": size}))
    if not archives:
        raise InvalidParameter(f"the mirror's index entry of the source package {name} is malformed")
    return SourcePackage(name, archives[0].version, tuple(archives))


def _entries(index: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in index:
        *whole, rest = (rest + piece).split(b"\n\n")
        yield from whole
    yield rest


def _package(fields: dict[str, str]) -> Package:
    try:
        package = Package(
            fields["package"],
            fields["version"],
            fields["architecture"],
            fields["filename"],
            fields["sha256"],
            int(fields["size"]),
        )
    except (KeyError, ValueError) as exc:
        raise InvalidParameter(f"the mirror's index entry of {fields.get('package')} is malformed") from exc
    bad_path = not _PATH.fullmatch(package.path) or ".." in package.path.split("/")
    if bad_path or not _HEX.fullmatch(package.sha256):
        raise InvalidParameter(f"the mirror's index entry of {package.name} is malformed")
    return package
