"""The base of every JSON shape: snake_case in Python, Docker's key on the wire, null means absent."""

from typing import Any, TypeVar

import msgspec

from transom.errors import InvalidParameter

_EXACT = {
    "id": "Id", "image_id": "ImageID", "container_id": "ContainerID", "exec_ids": "ExecIDs", "nano_cpus": "NanoCpus",
    "oom_killed": "OOMKilled", "ip_address": "IPAddress", "ip_prefix_len": "IPPrefixLen",
    "ipv6_gateway": "IPv6Gateway", "global_ipv6_address": "GlobalIPv6Address",
    "global_ipv6_prefix_len": "GlobalIPv6PrefixLen", "network_id": "NetworkID", "endpoint_id": "EndpointID",
    "sandbox_id": "SandboxID", "ipam_config": "IPAMConfig", "dns_names": "DNSNames", "ipv4_address": "IPv4Address",
    "ipv6_address": "IPv6Address", "link_local_ips": "LinkLocalIPs", "container_id_file": "ContainerIDFile",
    "uts_mode": "UTSMode", "dns": "Dns", "dns_options": "DnsOptions", "dns_search": "DnsSearch",
    "io_maximum_iops": "IOMaximumIOps", "io_maximum_bandwidth": "IOMaximumBandwidth", "host_ip": "HostIp",
    "blkio_device_read_iops": "BlkioDeviceReadIOps", "blkio_device_write_iops": "BlkioDeviceWriteIOps",
    "kernel_memory_tcp": "KernelMemoryTCP", "sandbox_key": "SandboxKey", "mac_address": "MacAddress",
    "device_ids": "DeviceIDs", "size_rw": "SizeRw", "size_root_fs": "SizeRootFs", "exec_id": "ID",
}  # fmt: skip


def wire_name(field: str) -> str:
    """Return Docker's key for a field: `memory_swap` → `MemorySwap`."""
    exact = _EXACT.get(field)
    return exact if exact else "".join(part[:1].upper() + part[1:] for part in field.split("_"))


class Shape(msgspec.Struct, rename=wire_name, kw_only=True):
    """A JSON object of the Engine API."""


S = TypeVar("S")
_SHOWN = 40


def without_nulls(value: Any) -> Any:
    """Drop null members: Go's decoders leave the zero value where a member is null.

    Raises:
        InvalidParameter: a number exceeds 64 bits, or a text holds a NUL, which no path, name or argument can.
    """
    if isinstance(value, dict):
        return {without_nulls(key): without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise InvalidParameter(f"invalid JSON: {_shortened(str(value))} is out of range for a 64-bit number")
    if isinstance(value, str) and "\0" in value:
        raise InvalidParameter(f"invalid JSON: a text cannot hold NUL characters: {_shortened(value)!r}")
    return value


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def parse(body: bytes, shape: type[S]) -> S:
    """Return body as shape; unknown keys are let pass, as Docker does.

    Raises:
        InvalidParameter: body is not JSON, or a member has a wrong type.
    """
    try:
        raw = msgspec.json.decode(body) if body.strip() else {}
        return msgspec.convert(without_nulls(raw), shape)
    except msgspec.ValidationError as exc:
        raise InvalidParameter(f"invalid JSON: {exc}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise InvalidParameter(f"invalid JSON: {exc}") from None
