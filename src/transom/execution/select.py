"""Which exec driver runs a container: guest, isolation and `--runtime` as a table."""

from collections.abc import Mapping

from transom.errors import InvalidParameter, NotSupported

DRIVERS: Mapping[tuple[str, str], str] = {
    ("linux", "process"): "oci",
    ("windows", "process"): "wine",
}


def select_driver(os: str, isolation: str, runtime: str, runtimes: Mapping[str, str]) -> str:
    """Return the driver's name; runtimes maps `--runtime` names to drivers of that kind (`runc` → `oci-runc`).

    Raises:
        InvalidParameter: the runtime is unknown. NotSupported: nothing runs this combination.
    """
    kind = DRIVERS.get((os, isolation.lower().replace("default", "") or "process"))
    if kind is None:
        raise NotSupported(f"no driver runs {os} images with --isolation={isolation}")
    if runtime and runtime not in runtimes:
        known = ", ".join(sorted(runtimes))
        raise InvalidParameter(f"unknown or invalid runtime name: {runtime} (known: {known})")
    suffix = runtimes.get(runtime, "") if runtime else ""
    return f"{kind}-{suffix}" if suffix else kind
