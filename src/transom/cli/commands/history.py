"""`transom history`: the steps that made an image."""

from collections.abc import Mapping
from datetime import UTC, datetime

from transom.cli import flags as flag
from transom.cli.command import ONE, Command
from transom.cli.flags import Values
from transom.cli.options.filters import FORMAT, NO_TRUNC
from transom.cli.output.listing import Column, listing
from transom.cli.output.units import ago, human_size, short_id, shortened
from transom.cli.session import Session
from transom.client.engine import Doc, segment

CREATED_BY_WIDTH = 45
HEADERS = {"ID": "IMAGE", "CreatedSince": "CREATED", "CreatedAt": "CREATED AT", "CreatedBy": "CREATED BY"}


def _columns(*, truncate: bool, human: bool) -> Mapping[str, Column]:
    def created(step: Doc) -> datetime:
        return datetime.fromtimestamp(step["Created"], UTC)

    def created_by(step: Doc) -> str:
        text = str(step.get("CreatedBy") or "").replace("\t", " ")
        return shortened(text, CREATED_BY_WIDTH) if truncate else text

    def since(step: Doc) -> str:
        return ago(created(step)) if human else f"{created(step):%Y-%m-%dT%H:%M:%SZ}"

    return {
        "Comment": lambda step: step.get("Comment", ""),
        "CreatedAt": lambda step: f"{created(step):%Y-%m-%dT%H:%M:%SZ}",
        "CreatedBy": created_by,
        "CreatedSince": since,
        "ID": lambda step: short_id(step["Id"]) if truncate else step["Id"],
        "Size": lambda step: human_size(step["Size"], 3) if human else str(step["Size"]),
    }


def _history(session: Session, values: Values, names: list[str]) -> int:
    steps = session.client.get(f"/images/{segment(names[0])}/history")
    human = values.on("human")
    columns = _columns(truncate=not values.on("no-trunc"), human=human)
    when = "CreatedSince" if human else "CreatedAt"
    table = "{{.ID}}\t{{." + when + "}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}"
    form = "{{.ID}}" if values.on("quiet") else values.text("format")
    print(listing(steps, columns=columns, headers=HEADERS, table=table, format_text=form), end="")
    return 0


HISTORY = Command(
    "[OPTIONS] IMAGE",
    "Show the history of an image",
    _history,
    (
        FORMAT,
        flag.switch("human", "Print sizes and dates in human readable format", short="H", default=True),
        NO_TRUNC,
        flag.switch("quiet", "Only show image IDs", short="q"),
    ),
    ONE,
)
