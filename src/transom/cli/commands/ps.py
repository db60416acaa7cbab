"""`transom ps`: the containers, as a table, a template or JSON."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import NONE, Command
from transom.cli.flags import Values
from transom.cli.options.filters import FORMAT, NO_TRUNC, filter_flag, filters
from transom.cli.output.listing import Column, listing
from transom.cli.output.units import ago, human_size, local_time, short_id, shortened
from transom.cli.session import Session
from transom.client.engine import Doc
from transom.errors import InvalidParameter

FLAGS = (
    flag.switch("all", "Show all containers (default shows just running)", short="a"),
    filter_flag(),
    FORMAT,
    flag.number("last", "Show n last created containers (includes all states)", short="n", default=-1, shown="-1"),
    flag.switch("latest", "Show the latest created container (includes all states)", short="l"),
    NO_TRUNC,
    flag.switch("quiet", "Only display container IDs", short="q"),
    flag.switch("size", "Display total file sizes", short="s"),
)
HEADERS = {
    "ID": "CONTAINER ID",
    "RunningFor": "CREATED",
    "CreatedAt": "CREATED AT",
    "LocalVolumes": "LOCAL VOLUMES",
}
TABLE = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
COMMAND_WIDTH = 20
MOUNT_WIDTH = 15


def columns(*, truncate: bool) -> Mapping[str, Column]:
    """Return the columns that a list of containers may show."""
    return {
        "Command": lambda c: json.dumps(
            shortened(c["Command"], COMMAND_WIDTH) if truncate else c["Command"], ensure_ascii=False
        ),
        "CreatedAt": lambda c: local_time(_created(c)),
        "ID": lambda c: short_id(c["Id"]) if truncate else c["Id"],
        "Image": lambda c: _image(c, truncate=truncate),
        "Label": lambda c: lambda name: str((c.get("Labels") or {}).get(name, "")),
        "Labels": lambda c: ",".join(f"{key}={value}" for key, value in sorted((c.get("Labels") or {}).items())),
        "LocalVolumes": lambda c: str(sum(mount.get("Driver") == "local" for mount in c.get("Mounts") or ())),
        "Mounts": lambda c: ",".join(_mount(mount, truncate=truncate) for mount in c.get("Mounts") or ()),
        "Names": lambda c: _names(c.get("Names") or (), truncate=truncate),
        "Networks": lambda c: ",".join(sorted((c.get("NetworkSettings") or {}).get("Networks") or ())),
        "Platform": _platform,
        "Ports": lambda c: ports_text(c.get("Ports") or ()),
        "RunningFor": lambda c: ago(_created(c)),
        "Size": _size,
        "State": lambda c: c.get("State", ""),
        "Status": lambda c: c.get("Status", ""),
    }


def _created(container: Doc) -> datetime:
    return datetime.fromtimestamp(container["Created"], UTC)


def _image(container: Doc, *, truncate: bool) -> str:
    image = str(container.get("Image") or "<no image>")
    if not truncate:
        return image
    if image.startswith("sha256:") or short_id(str(container.get("ImageID"))) == short_id(image):
        return short_id(image)
    name, at, _ = image.partition("@")
    return name if at else image


def _names(names: Iterable[str], *, truncate: bool) -> str:
    plain = [name.lstrip("/") for name in names]
    return ",".join(name for name in plain if not (truncate and "/" in name))  # a/b is a link's name


def _mount(mount: Doc, *, truncate: bool) -> str:
    name = str(mount.get("Name") or mount.get("Source") or "")
    return shortened(name, MOUNT_WIDTH) if truncate else name


def _platform(container: Doc) -> Any:
    """Return os/architecture where the engine tells it: one that runs two systems' containers should."""
    found = (container.get("ImageManifestDescriptor") or {}).get("platform") or {}
    return "/".join(str(found[key]) for key in ("os", "architecture", "variant") if found.get(key))


def _size(container: Doc) -> str:
    own, total = int(container.get("SizeRw") or 0), int(container.get("SizeRootFs") or 0)
    text = human_size(own, 3)
    return f"{text} (virtual {human_size(total, 3)})" if total > 0 else text


def ports_text(ports: Iterable[Doc]) -> str:
    """Return ports in Docker's short form: neighbours as a range, published ones with their address."""

    def order(port: Doc) -> tuple[int, str, int, str]:
        return int(port["PrivatePort"]), str(port.get("IP", "")), int(port.get("PublicPort", 0)), str(port["Type"])

    open_groups: dict[tuple[str, str], tuple[int, int]] = {}
    done: list[str] = []
    mapped: list[str] = []
    for inside, address, public, protocol in sorted(map(order, ports)):
        if address and public != inside:
            mapped.append(f"{_joined(address, str(public))}->{inside}/{protocol}")
            continue
        key = (address, protocol)
        first, last = open_groups.get(key, (inside, inside - 1))
        if inside != last + 1:
            done.append(_group(key, first, last))
            first = inside
        open_groups[key] = (first, inside)
    done += [_group(key, *span) for key, span in open_groups.items()]
    return ", ".join([*done, *mapped])


def _group(key: tuple[str, str], first: int, last: int) -> str:
    address, protocol = key
    span = str(first) if first == last else f"{first}-{last}"
    return f"{_joined(address, span)}->{span}/{protocol}" if address else f"{span}/{protocol}"


def _joined(address: str, port: str) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _ps(session: Session, values: Values, _: list[str]) -> int:
    last = values.number("last") or -1
    if values.on("latest") and not values.given("last"):
        last = 1
    form = values.text("format")
    if values.on("quiet") and form and form != "table":
        raise InvalidParameter("conflicting options: cannot specify both --quiet and --format")
    form = form or ("" if values.on("quiet") else session.config.text("psFormat"))
    sized = values.on("size") or ".Size" in form
    containers = session.client.get(
        "/containers/json",
        {
            "all": values.on("all") or last > 0,
            "limit": last if last > 0 else None,
            "size": sized,
            "filters": filters(values),
        },
    )
    shown = columns(truncate=not values.on("no-trunc"))
    if values.on("quiet"):
        form = "{{.ID}}"
    table = TABLE + ("\t{{.Size}}" if values.on("size") else "")
    print(listing(containers, columns=shown, headers=HEADERS, table=table, format_text=form), end="")
    return 0


PS = Command(usage="[OPTIONS]", short="List containers", run=_ps, flags=FLAGS, arity=NONE)
