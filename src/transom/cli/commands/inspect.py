"""`transom inspect` and its kin: the engine's own JSON, whole or through a template."""

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import SOME, Command
from transom.cli.errors import CliError
from transom.cli.flags import Values
from transom.cli.options.filters import INSPECT_FORMAT
from transom.cli.output.render import Template, to_json
from transom.cli.output.template import TemplateError
from transom.cli.session import Session
from transom.client.engine import segment
from transom.client.errors import ApiError
from transom.errors import TransomError

Fetch = Callable[[str], Any]
SIZE = flag.switch("size", "Display total file sizes if the type is container", short="s")
MALFORMED = 64  # Docker's exit code for a template that cannot be parsed
KINDS = '"container", "image", "network", "volume"'
UNSUPPORTED = ("config", "node", "plugin", "secret", "service", "task")


def show_each(names: Sequence[str], fetch: Fetch, form: str) -> int:
    """Print what fetch answers for each name; those that fail are told at the end.

    Raises:
        TemplateError: form is malformed.
    """
    template: Template | None = None
    if form and form != "json":
        try:
            template = Template(form)
        except TemplateError as exc:
            raise CliError(str(exc), exit_code=MALFORMED) from exc
    found: list[Any] = []
    failures: list[str] = []
    for name in names:
        try:
            found.append(fetch(name))
        except (ApiError, CliError) as exc:
            failures.append(str(exc))
    try:
        if form == "json":
            print(to_json(found))
        elif template is None:
            print(json.dumps(found, indent=4, ensure_ascii=False))
        for value in found if template else ():
            assert template is not None
            print(template.render(value))
    except TransomError as exc:
        print()  # as Docker does: what comes before a value that fails has its line end
        failures.append(str(exc))
    sys.stdout.flush()
    if failures:
        raise CliError("\n".join(failures))
    return 0


def _fetch_any(session: Session, values: Values) -> Fetch:
    client = session.client
    paths = {
        "container": ("/containers/{}/json", {"size": values.on("size")}),
        "image": ("/images/{}/json", {}),
        "network": ("/networks/{}", {}),
        "volume": ("/volumes/{}", {}),
    }
    wanted = values.text("type")
    if values.given("type") and wanted not in paths:
        if wanted in UNSUPPORTED:
            raise CliError(f'"{wanted}" is not a valid value for --type here: Transom has no swarm and no plugins')
        raise CliError(f'unknown type: "{wanted}": must be one of {KINDS}')

    def fetch(name: str) -> Any:
        for kind in [wanted] if wanted else paths:
            path, query = paths[kind]
            try:
                return client.get(path.format(segment(name)), query)
            except ApiError as exc:
                if exc.status != 404 or wanted:
                    raise
        raise CliError(f"Error: No such object: {name}")

    return fetch


def _inspect(session: Session, values: Values, names: list[str]) -> int:
    return show_each(names, _fetch_any(session, values), values.text("format"))


def _inspector(path: str, *options: str) -> Callable[[Session, Values, list[str]], int]:
    def act(session: Session, values: Values, names: list[str]) -> int:
        query = {name: values.value(name) or None for name in options}
        return show_each(
            names, lambda name: session.client.get(path.format(segment(name)), query), values.text("format")
        )

    return act


def _usage(kind: str) -> str:
    return f"[OPTIONS] {kind} [{kind}...]"


INSPECT = Command(
    "[OPTIONS] NAME|ID [NAME|ID...]",
    "Return low-level information on Docker objects",
    _inspect,
    (INSPECT_FORMAT, SIZE, flag.text("type", "Only inspect objects of the given type")),
    SOME,
)
INSPECT_CONTAINER = Command(
    _usage("CONTAINER"),
    "Display detailed information on one or more containers",
    _inspector("/containers/{}/json", "size"),
    (INSPECT_FORMAT, flag.switch("size", "Display total file sizes", short="s")),
    SOME,
)
INSPECT_IMAGE = Command(
    _usage("IMAGE"),
    "Display detailed information on one or more images",
    _inspector("/images/{}/json"),
    (INSPECT_FORMAT,),
    SOME,
)
INSPECT_NETWORK = Command(
    _usage("NETWORK"),
    "Display detailed information on one or more networks",
    _inspector("/networks/{}", "verbose"),
    (INSPECT_FORMAT, flag.switch("verbose", "Verbose output for diagnostics", short="v")),
    SOME,
)
INSPECT_VOLUME = Command(
    _usage("VOLUME"),
    "Display detailed information on one or more volumes",
    _inspector("/volumes/{}"),
    (INSPECT_FORMAT,),
    SOME,
)
