"""Microsoft's OS base images: which references name them, what a tag stands for, how to recognise their layers.

The engine supplies the Windows base itself, so these names are answered without a network; see
docs/adr/0005. Build numbers are from Microsoft's release lists, the last update known when this was
written where the tag is a moving one. Source: hcsshim osversion/windowsbuilds.go; MCR tag lists.
"""

import re
from collections.abc import Sequence
from typing import Final

from transom.errors import InvalidParameter, NotFound
from transom.guest.windows import WindowsGuest
from transom.model.oci import HistoryEntry, ImageConfig, RunConfig, is_foreign
from transom.model.platform import Platform
from transom.model.reference import Reference

DOMAIN: Final = "mcr.microsoft.com"
REPOSITORIES: Final = frozenset({"windows/nanoserver", "windows/servercore", "windows/server", "windows"})
_NANO: Final = "windows/nanoserver"

BUILDS: Final = {
    "ltsc2016": "10.0.14393.7259",
    "1607": "10.0.14393.7259",
    "sac2016": "10.0.14393.7259",
    "1703": "10.0.15063.2045",
    "1709": "10.0.16299.1087",
    "1803": "10.0.17134.2208",
    "1809": "10.0.17763.6189",
    "ltsc2019": "10.0.17763.6189",
    "1903": "10.0.18362.1256",
    "1909": "10.0.18363.2212",
    "2004": "10.0.19041.1415",
    "20H2": "10.0.19042.1889",
    "20h2": "10.0.19042.1889",
    "ltsc2022": "10.0.20348.2655",
    "23H2": "10.0.25398.1085",
    "23h2": "10.0.25398.1085",
    "ltsc2025": "10.0.26100.1742",
}
"""Tag → os.version."""

_RELEASED: Final = {
    14393: "2016-10-12", 15063: "2017-04-05", 16299: "2017-10-17", 17134: "2018-04-30", 17763: "2018-11-13",
    18362: "2019-05-21", 18363: "2019-11-12", 19041: "2020-05-27", 19042: "2020-10-20", 20348: "2021-08-18",
    25398: "2023-10-24", 26100: "2024-11-01",
}  # fmt: skip
"""Build → the day of its release, which the image is dated by: it has the same ID on every machine."""

_EXACT = re.compile(r"10\.0\.(\d{5})\.(\d{1,6})")
_ARCH = re.compile(r"-(amd64|arm64)(?:v8)?$")
_UPDATE = re.compile(r"-KB\d+", re.IGNORECASE)
_BASE_STEP = re.compile(r"(Apply image|Install update) ")
_OS_FILE = re.compile(r"(?i)^(UtilityVM(/|$)|Files/Windows/System32/(config/SYSTEM|ntdll\.dll)$)")


def is_stand_in(reference: Reference) -> bool:
    """Tell whether reference names one of Microsoft's base images."""
    return reference.domain == DOMAIN and reference.path in REPOSITORIES


def references_of(platform: Platform) -> Sequence[Reference]:
    """Return the names of the bases that an image of platform may stand on; none where its os.version is not known."""
    if not _EXACT.fullmatch(platform.os_version):
        return []
    tag = f"{platform.os_version}-{platform.architecture}"
    return [Reference(DOMAIN, path, tag) for path in sorted(REPOSITORIES)]


def platform_of(reference: Reference) -> Platform:
    """Return the platform that a base image's tag stands for.

    Raises:
        NotFound: the tag names no release that is known. InvalidParameter: it is a digest.
    """
    if reference.digest:
        raise InvalidParameter(
            f"{reference.familiar}: the engine's own Windows base answers to tags, not to digests; "
            f"use a tag, {DOMAIN}/{reference.path}:ltsc2022 for one"
        )
    tag = reference.tag
    arch = _ARCH.search(tag)
    plain = _UPDATE.sub("", _ARCH.sub("", tag))
    version = BUILDS.get(plain, "")
    exact = _EXACT.fullmatch(plain)
    if exact:
        version = plain if int(exact[1]) in _RELEASED else ""
    if not version:
        tags = ", ".join(sorted({tag for tag in BUILDS if tag.startswith("ltsc")}))
        raise NotFound(
            f"manifest for {reference.familiar} not found: {tag!r} is no release of Windows that this engine knows; "
            f"known are {tags}, 1809, 20H2, 23H2 and exact builds like 10.0.20348.2227"
        )
    return Platform(WindowsGuest.name, arch[1] if arch else "amd64", "", version)


def _build(version: str) -> int:
    return int(version.split(".")[2])


def config_of(reference: Reference, platform: Platform) -> ImageConfig:
    """Return the configuration of the image that stands for a base image: without layers, and marked so."""
    return ImageConfig(
        platform=platform,
        config=RunConfig(
            user="ContainerUser" if reference.path == _NANO else "",
            cmd=("c:\\windows\\system32\\cmd.exe",),
        ),
        created=f"{_RELEASED[_build(platform.os_version)]}T00:00:00Z",
        comment="Windows base supplied by the engine",
        unrooted=reference.familiar,
    )


def answer(reference: Reference, version: str) -> str:
    """Return the sentence that says, once, what a pull of such a name has brought."""
    return (
        f"{reference.familiar}: answered by this engine's own Windows base (Wine), as Windows {version}; "
        "nothing was downloaded, and programs that only Microsoft's image holds (IIS, .NET Framework) are not in it"
    )


def base_steps(history: Sequence[HistoryEntry]) -> int:
    """Return how many layers at the front the history calls Microsoft's."""
    count = 0
    for step in history:
        if not _BASE_STEP.match(step.created_by):
            break
        count += not step.empty_layer
    return count


def foreign_layers(media_types: Sequence[str]) -> int:
    """Return how many layers at the front may not be distributed, which only Microsoft's base layers are."""
    count = 0
    for media_type in media_types:
        if not is_foreign(media_type):
            break
        count += 1
    return count


def is_base_layer(names: Sequence[str]) -> bool:
    """Tell by its entries whether a layer holds an operating system: only a base layer brings ntdll or the hives."""
    return any(_OS_FILE.match(name) for name in names)
