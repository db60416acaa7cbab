"""`transom logs`: what a container has written, and what it goes on to write."""

from transom.cli import flags as flag
from transom.cli.command import ONE, Command
from transom.cli.flags import Values
from transom.cli.options.filters import moment
from transom.cli.session import Session
from transom.cli.streams import copy_output
from transom.client.engine import segment

_EXAMPLE = '(e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)'
FLAGS = (
    flag.switch("details", "Show extra details provided to logs"),
    flag.switch("follow", "Follow log output", short="f"),
    flag.text("since", f"Show logs since timestamp {_EXAMPLE}"),
    flag.text("tail", "Number of lines to show from the end of the logs", short="n", default="all"),
    flag.switch("timestamps", "Show timestamps", short="t"),
    flag.text("until", f"Show logs before a timestamp {_EXAMPLE}"),
)


def _logs(session: Session, values: Values, arguments: list[str]) -> int:
    client = session.client
    found = client.get(f"/containers/{segment(arguments[0])}/json")
    query = {
        "stdout": True,
        "stderr": True,
        "since": moment(values.text("since"), "since"),
        "until": moment(values.text("until"), "until"),
        "timestamps": values.on("timestamps"),
        "follow": values.on("follow"),
        "tail": values.text("tail"),
        "details": values.on("details"),
    }
    response = client.request("GET", f"/containers/{segment(found['Id'])}/logs", query)
    copy_output(response.stream(), tty=bool(found["Config"].get("Tty")))
    return 0


LOGS = Command(usage="[OPTIONS] CONTAINER", short="Fetch the logs of a container", run=_logs, flags=FLAGS, arity=ONE)
