"""`transom images`, `rmi` and `tag`."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import SOME, TWO, Arity, Command, for_each
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.options.filters import FORMAT, NO_TRUNC, filter_flag, filters
from transom.cli.output.listing import Column, listing
from transom.cli.output.units import ago, human_size, local_time, short_id
from transom.cli.session import Session
from transom.client.engine import Doc, segment
from transom.client.errors import ApiError
from transom.errors import InvalidParameter
from transom.model.reference import parse_reference

NOTHING = "<none>"
TABLE = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
DIGEST_TABLE = "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}"
HEADERS = {
    "ID": "IMAGE ID",
    "CreatedSince": "CREATED",
    "CreatedAt": "CREATED AT",
    "SharedSize": "SHARED SIZE",
    "UniqueSize": "UNIQUE SIZE",
    "VirtualSize": "SIZE",
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One name of an image."""

    image: Doc
    repository: str = NOTHING
    tag: str = NOTHING
    digest: str = NOTHING


def rows(image: Doc, *, digests: bool) -> list[_Row]:
    """Return a row for each tag; with digests, one for each pair of tag and digest of a repository."""
    tags: dict[str, list[str]] = {}
    for name in image.get("RepoTags") or ():
        repository, _, tag = name.rpartition(":")
        if name != f"{NOTHING}:{NOTHING}":
            tags.setdefault(repository, []).append(tag)
    known: dict[str, list[str]] = {}
    for name in image.get("RepoDigests") or ():
        repository, _, digest = name.partition("@")
        if repository != NOTHING:
            known.setdefault(repository, []).append(digest)
    found: list[_Row] = []
    for repository in {**tags, **known}:
        for digest in known.get(repository, [NOTHING]) if digests else [NOTHING]:
            found += [_Row(image, repository, tag, digest) for tag in tags.get(repository, [NOTHING])]
    return found or [_Row(image)]


def columns(*, truncate: bool) -> Mapping[str, Column]:
    """Return the columns that a list of images may show."""

    def count(row: _Row, key: str, *, size: bool = False) -> str:
        value = int(row.image.get(key, -1))
        if value < 0:
            return "N/A"
        return human_size(value) if size else str(value)

    def created(row: _Row) -> datetime:
        return datetime.fromtimestamp(row.image["Created"], UTC)

    def unique(row: _Row) -> str:
        shared = int(row.image.get("SharedSize", -1))
        return "N/A" if shared < 0 else human_size(row.image["Size"] - shared)

    return {
        "Containers": lambda row: count(row, "Containers"),
        "CreatedAt": lambda row: local_time(created(row)),
        "CreatedSince": lambda row: ago(created(row)),
        "Digest": lambda row: row.digest,
        "ID": lambda row: short_id(row.image["Id"]) if truncate else row.image["Id"],
        "Repository": lambda row: row.repository,
        "SharedSize": lambda row: count(row, "SharedSize", size=True),
        "Size": lambda row: human_size(row.image["Size"], 3),
        "Tag": lambda row: row.tag,
        "UniqueSize": unique,
        "VirtualSize": lambda row: human_size(row.image["Size"]),
    }


def _images(session: Session, values: Values, arguments: list[str]) -> int:
    wanted = {"reference": arguments[0]} if arguments else {}
    images = session.client.get("/images/json", {"all": values.on("all"), "filters": filters(values, wanted)})
    form = values.text("format") or ("" if values.on("quiet") else session.config.text("imagesFormat"))
    digests = values.on("digests") or ".Digest" in form
    if values.on("quiet"):
        form = "{{.ID}}"
        digests = False
    found = [row for image in images for row in rows(image, digests=digests)]
    if values.on("quiet"):
        found = list({row.image["Id"]: row for row in found}.values()) if not values.on("all") else found
    shown = columns(truncate=not values.on("no-trunc"))
    table = DIGEST_TABLE if values.on("digests") else TABLE
    print(listing(found, columns=shown, headers=HEADERS, table=table, format_text=form), end="")
    return 0


def _rmi(session: Session, values: Values, names: list[str]) -> int:
    query: dict[str, Any] = {"force": values.on("force"), "noprune": values.on("no-prune")}

    def remove(name: str) -> None:
        try:
            answer = session.client.delete(f"/images/{segment(name)}", query)
        except ApiError as exc:
            if exc.status != 404 or not values.on("force"):
                raise
            print(exc, file=sys.stderr)  # told, and no failure: it is gone, as was wanted
            return
        for done in answer or ():
            if done.get("Deleted"):
                print(f"Deleted: {done['Deleted']}")
            elif done.get("Untagged"):
                print(f"Untagged: {done['Untagged']}")

    return for_each(names, remove)


def _tag(session: Session, values: Values, names: list[str]) -> None:
    try:
        target = parse_reference(names[1]).with_default_tag()
    except InvalidParameter as exc:
        raise CliError(f'Error parsing reference: "{names[1]}" is not a valid repository/tag: {exc}') from exc
    query = {"repo": target.familiar_repository, "tag": target.tag}
    session.client.post(f"/images/{segment(names[0])}/tag", query)


IMAGES = Command(
    "[OPTIONS] [REPOSITORY[:TAG]]",
    "List images",
    _images,
    (
        flag.switch("all", "Show all images (default hides intermediate images)", short="a"),
        flag.switch("digests", "Show digests"),
        filter_flag(),
        FORMAT,
        NO_TRUNC,
        flag.switch("quiet", "Only show image IDs", short="q"),
    ),
    Arity(0, 1),
)
RMI = Command(
    "[OPTIONS] IMAGE [IMAGE...]",
    "Remove one or more images",
    _rmi,
    (
        flag.switch("force", "Force removal of the image", short="f"),
        flag.switch("no-prune", "Do not delete untagged parents"),
    ),
    SOME,
)
TAG = Command(
    "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    _tag,
    (),
    TWO,
)
