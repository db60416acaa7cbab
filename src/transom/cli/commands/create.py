"""`transom create`, and the creation that `run` shares: pull what is missing, then create."""

import io
import os
import re
import sys
from pathlib import Path

from transom.cli.command import SOME, Command
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.options.container import ContainerRequest, container_request
from transom.cli.options.container_flags import CONTAINER_FLAGS, PULL_KINDS
from transom.cli.output import progress
from transom.cli.session import Session
from transom.client.errors import ApiError
from transom.errors import InvalidParameter
from transom.model.reference import parse_reference

NO_SUCH_IMAGE = "no such image"
IDENTIFIER = re.compile("(sha256:)?[0-9a-f]{64}")


def checked_request(values: Values, arguments: list[str], *, detached: bool) -> ContainerRequest:
    """Return what run's or create's flags ask for.

    Raises:
        CliError: they are malformed or contradict each other; 125.
    """
    pull = values.text("pull")
    try:
        if pull not in PULL_KINDS:
            raise ValueError(f'invalid pull option: \'{pull}\': must be one of "always", "missing" or "never"')
        return container_request(values, arguments[0], arguments[1:], detached=detached)
    except (ValueError, CliError) as exc:
        raise CliError(str(exc), exit_code=125, hint=True) from exc


def create_container(session: Session, values: Values, request: ContainerRequest) -> str:
    """Create the container and return its ID; an image that is missing is pulled first.

    Raises:
        ApiError: the engine refuses.
        CliError: the file for the ID is there already.
    """
    cidfile = values.text("cidfile")
    if cidfile and Path(cidfile).exists():
        raise CliError(f"container ID file found, make sure the other container isn't running or delete {cidfile}")
    image, pull = str(request.body["Image"]), values.text("pull")
    if not IDENTIFIER.fullmatch(image):
        parse_reference(image)  # a name that can be none is refused before anything is asked
    platform = values.text("platform") or os.environ.get("DOCKER_DEFAULT_PLATFORM", "")
    quiet = values.on("quiet")
    if pull == "always":
        pull_image(session, image, platform, quiet=quiet)
    query = {"name": values.text("name") or None, "platform": platform or None}
    try:
        answer = session.client.post("/containers/create", query, request.body)
    except ApiError as exc:
        missing = exc.status == 404 and NO_SUCH_IMAGE in exc.message.lower()
        name = _familiar(image)
        if not missing or pull != "missing" or name is None:
            raise
        if not quiet:
            print(f"Unable to find image '{name}' locally", file=sys.stderr)
        pull_image(session, image, platform, quiet=quiet)
        answer = session.client.post("/containers/create", query, request.body)
    for warning in answer.get("Warnings") or ():
        print(f"WARNING: {warning}", file=sys.stderr)
    container = str(answer["Id"])
    if cidfile:
        try:
            Path(cidfile).write_text(container)
        except OSError as exc:
            raise CliError(f"failed to create the container ID file: {exc}") from exc
    return container


def pull_image(session: Session, image: str, platform: str, *, quiet: bool) -> None:
    """Have the engine pull the image; its progress goes to our standard error."""
    reference = parse_reference(image).with_default_tag()
    query = {
        "fromImage": reference.familiar_repository,
        "tag": reference.digest or reference.tag,
        "platform": platform or None,
    }
    headers = {"X-Registry-Auth": session.config.registry_auth(reference.domain)}
    messages = session.client.events("POST", "/images/create", query, headers=headers)
    try:
        progress.show(messages, io.StringIO() if quiet else sys.stderr)
    except CliError as exc:
        raise CliError(f"Error response from daemon: {exc}") from exc


def _familiar(image: str) -> str | None:
    try:
        return parse_reference(image).with_default_tag().familiar
    except InvalidParameter:
        return None  # an ID: nothing can be pulled by it


def _create(session: Session, values: Values, arguments: list[str]) -> int:
    print(create_container(session, values, checked_request(values, arguments, detached=False)))
    return 0


CREATE = Command(
    usage="[OPTIONS] IMAGE [COMMAND] [ARG...]",
    short="Create a new container",
    run=_create,
    flags=CONTAINER_FLAGS,
    arity=SOME,
    interspersed=False,
)
