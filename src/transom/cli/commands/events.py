"""`transom events`: what happens in the engine, as it happens."""

from datetime import UTC, datetime

from transom.cli import flags as flag
from transom.cli.command import NONE, Command
from transom.cli.flags import Values
from transom.cli.options.filters import INSPECT_FORMAT_HELP, filter_flag, filters, moment
from transom.cli.output.render import Template, to_json
from transom.cli.session import Session
from transom.client.engine import Doc

FLAGS = (
    filter_flag(),
    flag.text("format", INSPECT_FORMAT_HELP),
    flag.text("since", "Show all events created since timestamp"),
    flag.text("until", "Stream events until this timestamp"),
)


def _line(event: Doc) -> str:
    seconds, nanoseconds = divmod(int(event.get("timeNano") or int(event.get("time", 0)) * 10**9), 10**9)
    local = datetime.fromtimestamp(seconds, UTC).astimezone()
    zone = "Z" if not local.utcoffset() else f"{local:%z}"[:3] + ":" + f"{local:%z}"[3:]
    actor = event.get("Actor") or {}
    attributes = ", ".join(f"{key}={value}" for key, value in sorted((actor.get("Attributes") or {}).items()))
    text = (
        f"{local:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}{zone} {event.get('Type')} {event.get('Action')} {actor.get('ID')}"
    )
    return f"{text} ({attributes})" if attributes else text


def _events(session: Session, values: Values, _: list[str]) -> None:
    form = values.text("format")
    template = Template(form) if form and form != "json" else None
    query = {
        "since": moment(values.text("since")),
        "until": moment(values.text("until")),
        "filters": filters(values),
    }
    for event in session.client.events("GET", "/events", query):
        if template is not None:
            print(template.render(event), flush=True)
        else:
            print(to_json(event) if form else _line(event), flush=True)


EVENTS = Command("[OPTIONS]", "Get real time events from the server", _events, FLAGS, NONE)
