"""`transom system df`: where the disk space went."""

from collections.abc import Mapping
from typing import Any

from transom.cli import flags as flag
from transom.cli.command import NONE, Command
from transom.cli.commands.volume import usage
from transom.cli.flags import Values
from transom.cli.options.filters import FORMAT
from transom.cli.output.listing import Column, listing
from transom.cli.output.units import ago, human_size, parse_moment, short_id
from transom.cli.session import Session
from transom.client.engine import Doc
from transom.errors import InvalidParameter

TABLE = "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}"
HEADERS = {"TotalCount": "TOTAL"}


def _reclaimable(row: Mapping[str, Any]) -> str:
    free = int(row["free"])
    text = human_size(free)
    whole = int(row["size"])
    return f"{text} ({free * 100 // whole}%)" if row["percent"] and whole > 0 else text


COLUMNS: Mapping[str, Column] = {
    "Active": lambda row: str(row["active"]),
    "Reclaimable": _reclaimable,
    "Size": lambda row: human_size(row["size"]),
    "TotalCount": lambda row: str(row["total"]),
    "Type": lambda row: row["type"],
}


CACHE_TABLE = "{{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t{{.UsageCount}}\t{{.Shared}}"
CACHE_HEADERS = {
    "ID": "CACHE ID",
    "CacheType": "CACHE TYPE",
    "CreatedSince": "CREATED",
    "LastUsedSince": "LAST USED",
    "UsageCount": "USAGE",
}
CACHE_COLUMNS: Mapping[str, Column] = {
    "CacheType": lambda item: item.get("Type", ""),
    "CreatedSince": lambda item: _since(item.get("CreatedAt")),
    "ID": lambda item: short_id(item["ID"]),
    "LastUsedSince": lambda item: _since(item.get("LastUsedAt")),
    "Shared": lambda item: str(bool(item.get("Shared"))).lower(),
    "Size": lambda item: human_size(item["Size"], 3),
    "UsageCount": lambda item: str(item.get("UsageCount", 0)),
}


def _since(moment: str | None) -> str:
    return ago(parse_moment(moment)) if moment else ""


def _row(kind: str, total: int, active: int, size: int, free: int, *, percent: bool = True) -> dict[str, Any]:
    return {"type": kind, "total": total, "active": active, "size": size, "free": free, "percent": percent}


def _rows(usage_report: Doc) -> list[dict[str, Any]]:
    images = usage_report.get("Images") or []
    containers = usage_report.get("Containers") or []
    volumes = usage_report.get("Volumes") or []
    cache = usage_report.get("BuildCache") or []
    layers = int(usage_report.get("LayersSize") or 0)
    used = sum(
        image["Size"] - max(image.get("SharedSize", 0), 0) if image.get("SharedSize", -1) >= 0 else image["Size"]
        for image in images
        if image.get("Containers", 0) > 0
    )
    running = [c for c in containers if c.get("State") in ("running", "paused", "restarting")]
    written = sum(int(c.get("SizeRw") or 0) for c in containers)
    written_running = sum(int(c.get("SizeRw") or 0) for c in running)
    held = [volume for volume in volumes if usage(volume, "RefCount") > 0]
    volume_size = sum(max(usage(volume, "Size"), 0) for volume in volumes)
    held_size = sum(max(usage(volume, "Size"), 0) for volume in held)
    cached = sum(int(item["Size"]) for item in cache if not item.get("Shared"))
    cached_free = sum(int(item["Size"]) for item in cache if not item.get("InUse") and not item.get("Shared"))
    active_images = sum(image.get("Containers", 0) > 0 for image in images)
    return [
        _row("Images", len(images), active_images, layers, max(layers - used, 0)),
        _row("Containers", len(containers), len(running), written, written - written_running),
        _row("Local Volumes", len(volumes), len(held), volume_size, volume_size - held_size),
        _row("Build Cache", len(cache), sum(bool(i.get("InUse")) for i in cache), cached, cached_free, percent=False),
    ]


def _df(session: Session, values: Values, _: list[str]) -> None:
    form = values.text("format")
    if values.on("verbose") and form:
        raise InvalidParameter("the verbose and the format options conflict")
    report = session.client.get("/system/df")
    if values.on("verbose"):
        print(_verbose(report), end="")
        return
    print(listing(_rows(report), columns=COLUMNS, headers=HEADERS, table=TABLE, format_text=form), end="")


def _verbose(report: Doc) -> str:
    from transom.cli.commands import images, ps, volume

    rows = [row for image in report.get("Images") or () for row in images.rows(image, digests=False)]
    image_table = f"{images.TABLE}\t{{{{.SharedSize}}}}\t{{{{.UniqueSize}}}}\t{{{{.Containers}}}}"
    container_table = (
        "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}"
    )
    containers = [{**item, "SizeRootFs": 0} for item in report.get("Containers") or ()]
    cache = report.get("BuildCache") or []
    total = human_size(sum(int(item["Size"]) for item in cache if not item.get("Shared")))
    sections = [
        "Images space usage:\n",
        listing(rows, columns=images.columns(truncate=True), headers=images.HEADERS, table=image_table),
        "Containers space usage:\n",
        listing(containers, columns=ps.columns(truncate=True), headers=ps.HEADERS, table=container_table),
        "Local Volumes space usage:\n",
        listing(
            report.get("Volumes") or (),
            columns=volume.COLUMNS,
            headers=volume.HEADERS,
            table="{{.Name}}\t{{.Links}}\t{{.Size}}",
        ),
        f"Build cache usage: {total}\n",
        listing(cache, columns=CACHE_COLUMNS, headers=CACHE_HEADERS, table=CACHE_TABLE),
    ]
    return "\n".join(sections)


DF = Command(
    "[OPTIONS]",
    "Show Transom disk usage",
    _df,
    (FORMAT, flag.switch("verbose", "Show detailed information on space usage", short="v")),
    NONE,
)
