"""Image references: `docker.io/library/name:tag@digest`, parsed, normalised and printed."""

import re
from dataclasses import dataclass, replace

from transom.errors import InvalidParameter

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
MAX_NAME = 255

_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_TAG = r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(
    rf"(?P<domain>{_DOMAIN})/(?P<path>{_PATH_PART}(?:/{_PATH_PART})*)(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?"
)
_IDENTIFIER = re.compile(r"[0-9a-f]{64}")
_TAG_ALONE = re.compile(_TAG)
_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@dataclass(frozen=True, slots=True)
class Reference:
    """A normalised reference; tag and digest are empty where none was given."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""

    @property
    def repository(self) -> str:
        """Return the full name without tag and digest: `docker.io/library/busybox`."""
        return f"{self.domain}/{self.path}"

    @property
    def familiar_repository(self) -> str:
        """Return the name as Docker shows it: `busybox`."""
        if self.domain != DEFAULT_DOMAIN:
            return self.repository
        shorter = self.path.removeprefix("library/")
        return shorter if "/" not in shorter else self.path

    @property
    def familiar(self) -> str:
        """Return the whole reference as Docker shows it: `busybox:latest`."""
        return self.familiar_repository + self._suffix()

    @property
    def is_name_only(self) -> bool:
        """Tell whether neither tag nor digest was given."""
        return not self.tag and not self.digest

    def __str__(self) -> str:
        return self.repository + self._suffix()

    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def with_default_tag(self) -> "Reference":
        """Return the reference, `latest` where neither tag nor digest was given."""
        return replace(self, tag=DEFAULT_TAG) if self.is_name_only else self

    def with_tag(self, tag: str) -> "Reference":
        """Return the reference with tag in place of whatever it had.

        Raises:
            InvalidParameter: tag is malformed.
        """
        if _TAG_ALONE.fullmatch(tag) is None:
            raise InvalidParameter("invalid tag format")
        return Reference(self.domain, self.path, tag)

    def with_digest(self, digest: str) -> "Reference":
        """Return the reference with digest in place of tag and digest."""
        return Reference(self.domain, self.path, digest=digest)


def parse_reference(text: str) -> Reference:
    """Parse what a user wrote; a short name is completed (`busybox` → `docker.io/library/busybox`).

    Raises:
        InvalidParameter: with the text that Docker has for it.

    Source: distribution/reference, grammar in reference.go.
    """
    if _IDENTIFIER.fullmatch(text):
        raise InvalidParameter(
            f"invalid reference format: invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
        )
    domain, rest = _split_domain(text)
    remote = rest.partition("@")[0].partition(":")[0]
    if remote.lower() != remote:
        raise InvalidParameter(f"invalid reference format: repository name ({remote}) must be lowercase")
    match = _REFERENCE.fullmatch(f"{domain}/{rest}")
    if match is None:
        raise InvalidParameter("invalid reference format")
    reference = Reference(match["domain"], match["path"], match["tag"] or "", match["digest"] or "")
    if len(reference.repository) > MAX_NAME:
        raise InvalidParameter("invalid reference format: repository name must not be more than 255 characters")
    if reference.digest:
        _check_digest(reference.digest)
    return reference


def _split_domain(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    has_domain = bool(slash) and (any(c in first for c in ".:") or first == "localhost" or first.lower() != first)
    if not has_domain:
        first, rest = DEFAULT_DOMAIN, text
    if first == "index.docker.io":
        first = DEFAULT_DOMAIN
    if first == DEFAULT_DOMAIN and "/" not in rest:
        rest = "library/" + rest
    return first, rest


def _check_digest(digest: str) -> None:
    algorithm, _, value = digest.partition(":")
    if algorithm not in _LENGTHS:
        raise InvalidParameter("invalid reference format: unsupported digest algorithm")
    if len(value) != _LENGTHS[algorithm]:
        raise InvalidParameter("invalid reference format: invalid checksum digest length")
    if value.lower() != value:
        raise InvalidParameter("invalid reference format: invalid checksum digest format")
