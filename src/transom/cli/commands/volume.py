"""`transom volume`: create, ls, rm."""

from collections.abc import Mapping

from transom.cli import flags as flag
from transom.cli.command import NONE, SOME, Arity, Command, for_each
from transom.cli.flags import Values
from transom.cli.options.filters import FORMAT, filter_flag, filters
from transom.cli.options.pairs import key_values
from transom.cli.output.listing import Column, listing
from transom.cli.output.units import human_size
from transom.cli.session import Session
from transom.client.engine import Doc, segment

TABLE = "{{.Driver}}\t{{.Name}}"
HEADERS = {"Name": "VOLUME NAME"}


def usage(volume: Doc, key: str) -> int:
    """Return a volume's size or number of users, or -1 where the engine did not count."""
    return int((volume.get("UsageData") or {}).get(key, -1))


COLUMNS: Mapping[str, Column] = {
    "Availability": lambda _: "N/A",
    "Driver": lambda volume: volume["Driver"],
    "Group": lambda _: "N/A",
    "Label": lambda volume: lambda name: str((volume.get("Labels") or {}).get(name, "")),
    "Labels": lambda volume: ",".join(f"{key}={value}" for key, value in sorted((volume.get("Labels") or {}).items())),
    "Links": lambda volume: "N/A" if usage(volume, "RefCount") < 0 else str(usage(volume, "RefCount")),
    "Mountpoint": lambda volume: volume["Mountpoint"],
    "Name": lambda volume: volume["Name"],
    "Scope": lambda volume: volume["Scope"],
    "Size": lambda volume: "N/A" if usage(volume, "Size") < 0 else human_size(usage(volume, "Size")),
    "Status": lambda _: "N/A",
}


def _ls(session: Session, values: Values, _: list[str]) -> None:
    volumes = session.client.get("/volumes", {"filters": filters(values)}).get("Volumes") or []
    volumes.sort(key=lambda volume: volume["Name"])
    form = values.text("format") or ("" if values.on("quiet") else session.config.text("volumesFormat"))
    form = "{{.Name}}" if values.on("quiet") else form
    print(listing(volumes, columns=COLUMNS, headers=HEADERS, table=TABLE, format_text=form), end="")


def _create(session: Session, values: Values, names: list[str]) -> None:
    body = {
        "Name": names[0] if names else "",
        "Driver": values.text("driver"),
        "DriverOpts": key_values(values.many("opt")),
        "Labels": key_values(values.many("label")),
    }
    print(session.client.post("/volumes/create", None, body)["Name"])


def _rm(session: Session, values: Values, names: list[str]) -> int:
    def remove(name: str) -> None:
        session.client.delete(f"/volumes/{segment(name)}", {"force": values.on("force")})
        print(name, flush=True)

    return for_each(names, remove)


LS = Command(
    "[OPTIONS]",
    "List volumes",
    _ls,
    (filter_flag(), FORMAT, flag.switch("quiet", "Only display volume names", short="q")),
    NONE,
)
CREATE = Command(
    "[OPTIONS] [VOLUME]",
    "Create a volume",
    _create,
    (
        flag.text("driver", "Specify volume driver name", short="d", default="local"),
        flag.many("label", "Set metadata for a volume"),
        flag.many("opt", "Set driver specific options", short="o", kind="map"),
    ),
    Arity(0, 1),
)
RM = Command(
    "[OPTIONS] VOLUME [VOLUME...]",
    "Remove one or more volumes",
    _rm,
    (flag.switch("force", "Force the removal of one or more volumes", short="f"),),
    SOME,
)
