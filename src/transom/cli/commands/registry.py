"""`transom pull` and `push`: the engine talks to the registry, we show how far it is."""

import io
import os
import sys
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import ONE, Command
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.output import progress
from transom.cli.session import Session
from transom.client.engine import segment
from transom.model.reference import DEFAULT_TAG, parse_reference

TRUST = flag.switch("disable-content-trust", "Skip image verification", default=True)


def _platform(values: Values) -> str | None:
    return values.text("platform") or os.environ.get("DOCKER_DEFAULT_PLATFORM") or None


def _pull(session: Session, values: Values, names: list[str]) -> None:
    reference = parse_reference(names[0])
    quiet, every = values.on("quiet"), values.on("all-tags")
    if every and not reference.is_name_only:
        raise CliError("tag can't be used with --all-tags/-a")
    if reference.is_name_only and not every:
        reference = reference.with_default_tag()
        if not quiet:
            print(f"Using default tag: {DEFAULT_TAG}")
    query = {
        "fromImage": reference.familiar_repository,
        "tag": reference.digest or reference.tag or None,
        "platform": _platform(values),
    }
    headers = {"X-Registry-Auth": session.config.registry_auth(reference.domain)}
    messages = session.client.events("POST", "/images/create", query, headers=headers)
    progress.show(messages, io.StringIO() if quiet else sys.stdout)
    print(reference)


def _push(session: Session, values: Values, names: list[str]) -> None:
    reference = parse_reference(names[0])
    quiet, every = values.on("quiet"), values.on("all-tags")
    if every and not reference.is_name_only:
        raise CliError("tag can't be used with --all-tags/-a")
    if reference.is_name_only and not every:
        reference = reference.with_default_tag()
        if not quiet:
            print(f"Using default tag: {DEFAULT_TAG}")
    query = {"tag": reference.tag or None, "platform": values.text("platform") or None}
    headers = {"X-Registry-Auth": session.config.registry_auth(reference.domain)}
    path = f"/images/{segment(reference.repository)}/push"
    messages = session.client.events("POST", path, query, headers=headers)
    progress.show(messages, io.StringIO() if quiet else sys.stdout, on_aux=_tell_of_index)
    if quiet:
        print(reference)


def _tell_of_index(aux: dict[str, Any]) -> None:
    if aux.get("manifestPushedInsteadOfIndex"):
        index, manifest = aux["originalIndex"]["digest"], aux["selectedManifest"]["digest"]
        print(
            "Not all images of the index are here: the only one that is was pushed in its place\n"
            f"{index} -> {manifest}",
            file=sys.stderr,
        )


PULL = Command(
    "[OPTIONS] NAME[:TAG|@DIGEST]",
    "Download an image from a registry",
    _pull,
    (
        flag.switch("all-tags", "Download all tagged images in the repository", short="a"),
        TRUST,
        flag.text("platform", "Set platform if server is multi-platform capable"),
        flag.switch("quiet", "Suppress verbose output", short="q"),
    ),
    ONE,
)
PUSH = Command(
    "[OPTIONS] NAME[:TAG]",
    "Upload an image to a registry",
    _push,
    (
        flag.switch("all-tags", "Push all tags of an image to the repository", short="a"),
        TRUST,
        flag.text("platform", "Push a platform-specific manifest as a single-platform image to the registry"),
        flag.switch("quiet", "Suppress verbose output", short="q"),
    ),
    ONE,
)
