"""Which Debian mirror this host uses, from apt's configuration. Pure but for find_mirror.

Source: man pages sources.list(5), apt.conf(5).
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from transom.errors import InvalidParameter

_ONE_LINE = re.compile(r"deb\s+(?:\[[^\]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)")
_DEBIAN_SUITES = re.compile(r"(bullseye|bookworm|trixie|forky|sid|stable|testing|unstable|oldstable)$")
_NOT_ARCHIVE = re.compile(r"debian-(security|debug|ports|backports)|ubuntu|raspbian|raspberrypi", re.IGNORECASE)
_PROXY = re.compile(r'^\s*Acquire::(?P<scheme>https?)::Proxy\s+"(?P<url>[^"]+)"\s*;', re.IGNORECASE | re.MULTILINE)


def mirrors(text: str, *, deb822: bool) -> Iterator[str]:
    """Yield the URIs in one file of apt's that serve Debian's own archive, component main."""
    for uri, suite, components in _deb822(text) if deb822 else _one_line(text):
        named = uri.startswith(("http://", "https://")) and not _NOT_ARCHIVE.search(uri)
        if named and _DEBIAN_SUITES.match(suite) and "main" in components and "debian" in uri.lower():
            yield uri.rstrip("/")


def _one_line(text: str) -> Iterator[tuple[str, str, list[str]]]:
    for line in text.splitlines():
        match = _ONE_LINE.match(line.partition("#")[0].strip())
        if match:
            yield match["uri"], match["suite"], match["components"].split()


def _deb822(text: str) -> Iterator[tuple[str, str, list[str]]]:
    for fields in paragraphs(text):
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").strip().lower() == "no":
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield uri, suite, fields.get("components", "").split()


def paragraphs(text: str) -> Iterator[dict[str, str]]:
    """Yield the paragraphs of a deb822 text as fields by lower-case name; lines of one field are joined by newlines."""
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0] in " \t" and name:
            fields[name] += "\n" + line.strip()
        elif ":" in line:
            head, _, rest = line.partition(":")
            name = head.strip().lower()
            fields[name] = rest.strip()


def proxies(text: str) -> dict[str, str]:
    """Return scheme → proxy as apt's configuration names them in their simple form; `DIRECT` means none."""
    found = {match["scheme"].lower(): match["url"] for match in _PROXY.finditer(text)}
    return {scheme: url for scheme, url in found.items() if url.upper() != "DIRECT"}


def choose_proxy(url: str, *, environment: Mapping[str, str], apt: Mapping[str, str]) -> str | None:
    """Return the proxy for url: the environment's, else apt's, else none."""
    scheme, _, rest = url.partition("://")
    host = re.split(r"[:/]", rest, maxsplit=1)[0]
    exempt = environment.get("no_proxy", environment.get("NO_PROXY", ""))
    for each in filter(None, map(str.strip, exempt.split(","))):
        if each == "*" or host == each.lstrip(".") or host.endswith("." + each.lstrip(".")):
            return None
    return environment.get(f"{scheme}_proxy") or environment.get(f"{scheme.upper()}_PROXY") or apt.get(scheme)


def find_mirror(etc_apt: Path = Path("/etc/apt")) -> str:
    """Return the host's Debian mirror.

    Raises:
        InvalidParameter: the host is not set up for Debian; --mirror has to say where to fetch from.
    """
    files = [etc_apt / "sources.list", *sorted((etc_apt / "sources.list.d").glob("*"))]
    for path in files:
        if path.suffix in {".list", ".sources"} and path.is_file():
            for uri in mirrors(path.read_text(encoding="utf-8", errors="replace"), deb822=path.suffix == ".sources"):
                return uri
    raise InvalidParameter(
        "no Debian mirror is configured in /etc/apt: name one, with `transom base build --mirror http://HOST/debian` "
        "or with transomd's --mirror"
    )


def apt_proxies(etc_apt: Path = Path("/etc/apt")) -> dict[str, str]:
    """Return the proxies of apt's configuration."""
    files = [etc_apt / "apt.conf", *sorted((etc_apt / "apt.conf.d").glob("*"))]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in files if path.is_file()]
    return proxies("\n".join(texts))
