"""`transom commit`: a new image from what a container changed."""

from transom.cli import flags as flag
from transom.cli.command import Arity, Command
from transom.cli.flags import Values
from transom.cli.session import Session
from transom.model.reference import parse_reference


def _commit(session: Session, values: Values, arguments: list[str]) -> None:
    reference = parse_reference(arguments[1]).with_default_tag() if len(arguments) > 1 else None
    query = {
        "container": arguments[0],
        "repo": reference.familiar_repository if reference else None,
        "tag": reference.tag if reference else None,
        "comment": values.text("message") or None,
        "author": values.text("author") or None,
        "changes": values.many("change"),
        "pause": None if values.on("pause") else "0",
    }
    print(session.client.post("/commit", query, {})["Id"])


COMMIT = Command(
    "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
    "Create a new image from a container's changes",
    _commit,
    (
        flag.text("author", 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")', short="a"),
        flag.many("change", "Apply Dockerfile instruction to the created image", short="c"),
        flag.text("message", "Commit message", short="m"),
        flag.switch("pause", "Pause container during commit", short="p", default=True),
    ),
    Arity(1, 2),
)
