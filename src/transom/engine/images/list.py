"""GET /images/json."""

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from transom.engine.images.lookup import LookupImage
from transom.errors import InvalidParameter
from transom.images.image import Image
from transom.images.repository import ImageRepository
from transom.model.clock import Clock
from transom.model.moment import parse_moment
from transom.model.reference import Reference, parse_reference

KNOWN = frozenset({"dangling", "label", "label!", "before", "since", "reference", "until"})


@dataclass(frozen=True, slots=True)
class Listed:
    """One row: an image, the names that matched, and the IDs of its containers."""

    image: Image
    tags: tuple[Reference, ...]
    digests: tuple[Reference, ...]
    containers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListImages:
    """Finds the images that a filter leaves, newest first."""

    images: ImageRepository
    lookup: LookupImage
    clock: Clock
    containers_of: Callable[[str], Iterable[str]]

    def __call__(self, filters: Mapping[str, Sequence[str]], *, all_: bool = False) -> Sequence[Listed]:
        """Return the images that every filter lets pass; all_: intermediate ones (untagged, with children) too.

        Raises:
            InvalidParameter: a filter is unknown or malformed. NoSuchImage: before or since name none.
        """
        check_filters(filters)
        dangling = _flag(filters)
        bounds = self._bounds(filters)
        found = []
        for image in self.images.all():
            tags = tuple(parse_reference(name) for name in self.images.names_of(image.id))
            if not tags and not all_ and self.images.children(image.id):
                continue
            if dangling is not None and dangling is bool(tags):
                continue
            created = parse_moment(image.config.created)
            if not bounds[0] < created < bounds[1] or not has_labels(image, filters):
                continue
            known = self.images.digests_of(image.id)
            digests = tuple(parse_reference(repository).with_digest(digest) for repository, digest in known)
            if "reference" in filters:
                tags = tuple(tag for tag in tags if matches(tag, filters["reference"]))
                digests = tuple(digest for digest in digests if matches(digest, filters["reference"]))
                if not tags and not digests:
                    continue
            found.append(Listed(image, tags, digests, tuple(self.containers_of(image.id))))
        found.sort(key=lambda row: (parse_moment(row.image.config.created), row.image.id), reverse=True)
        return found

    def _bounds(self, filters: Mapping[str, Sequence[str]]) -> tuple[float, float]:
        after, before = float("-inf"), float("inf")
        for text in filters.get("since", ()):
            after = max(after, parse_moment(self.lookup(text).image.config.created))
        for text in filters.get("before", ()):
            before = min(before, parse_moment(self.lookup(text).image.config.created))
        for text in filters.get("until", ()):
            before = min(before, until(text, self.clock.now()))
        return after, before


def check_filters(filters: Mapping[str, Sequence[str]], known: frozenset[str] = KNOWN) -> None:
    """Refuse a filter that does not exist.

    Raises:
        InvalidParameter: there is one.
    """
    for name in filters:
        if name not in known:
            raise InvalidParameter(f"invalid filter '{name}'")


def _flag(filters: Mapping[str, Sequence[str]]) -> bool | None:
    values = filters.get("dangling")
    if not values:
        return None
    if len(values) == 1 and values[0].lower() in {"1", "true", "0", "false"}:
        return values[0].lower() in {"1", "true"}
    raise InvalidParameter(f"invalid filter 'dangling=[{' '.join(values)}]'")


def has_labels(image: Image, filters: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether an image has each label of `label`, and none of `label!`."""
    labels = image.config.config.labels

    def has(text: str) -> bool:
        key, equals, value = text.partition("=")
        return key in labels and (not equals or labels[key] == value)

    return all(map(has, filters.get("label", ()))) and not any(map(has, filters.get("label!", ())))


def matches(reference: Reference, patterns: Sequence[str]) -> bool:
    """Tell whether a pattern matches a reference: its familiar form, or its familiar name alone; `*` stops at `/`."""
    if any("[" in pattern and "]" not in pattern.partition("[")[2] for pattern in patterns):
        raise InvalidParameter("syntax error in pattern")
    texts = (reference.familiar, reference.familiar_repository)
    return any(_glob(pattern).fullmatch(text) for pattern in patterns for text in texts)


def _glob(pattern: str) -> re.Pattern[str]:
    translated = fnmatch.translate(pattern.replace("**", "*"))
    return re.compile(translated.replace("(?>.*?", "(?>[^/]*?").replace(".*", "[^/]*"))


def until(text: str, now: datetime) -> float:
    """Return the moment that a filter `until` means: a duration ago, seconds since 1970, or a date.

    Raises:
        InvalidParameter: it is none of these.
    """
    total, rest = 0.0, text
    while match := re.match(r"(\d+(?:\.\d+)?)(h|m|s|ms)", rest):
        total += float(match[1]) * {"h": 3600, "m": 60, "s": 1, "ms": 0.001}[match[2]]
        rest = rest[match.end() :]
    if not rest and text:
        return now.timestamp() - total
    if re.fullmatch(r"[0-9]{1,15}(\.[0-9]*)?", text):
        return float(text)
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise InvalidParameter(f'failed to parse value as time or duration: "{text}"') from None


def until_of(filters: Mapping[str, Sequence[str]], now: datetime) -> float | None:
    """Return the moment that the filter `until` of a prune means; None where there is none.

    Raises:
        InvalidParameter: it is given twice, or is no time.
    """
    texts = filters.get("until", ())
    if len(texts) > 1:
        raise InvalidParameter("more than one until filter specified")
    return until(texts[0], now) if texts else None
