"""A base's manifest.json: what it was made from. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from transom.errors import InvalidParameter
from transom.execution.bases import BaseInfo
from transom.model.digest import parse_digest

FORMAT = 1
PROTOCOL = 2
"""Number of the agreement between the driver and the first processes that a base carries."""


def dump(info: BaseInfo) -> bytes:
    """Print the manifest."""
    document = {
        "format": FORMAT,
        "protocol": PROTOCOL,
        "digest": info.digest,
        "wineVersion": info.wine_version,
        "parts": list(info.parts),
        "packages": [list(each) for each in info.packages],
        "sizeBytes": info.size_bytes,
        "compressedBytes": info.compressed_bytes,
        "buildSeconds": info.build_seconds,
        "createdAt": info.created_at,
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def load(data: bytes) -> BaseInfo:
    """Parse a manifest.

    Raises:
        InvalidParameter: it is not one, or of a newer format.
    """
    try:
        document: Mapping[str, Any] = json.loads(data)
        if document["format"] != FORMAT or document["protocol"] != PROTOCOL:
            raise InvalidParameter("the Windows base was made by another version of Transom: build it anew")
        return BaseInfo(
            parse_digest(document["digest"]),
            str(document["wineVersion"]),
            tuple(str(each) for each in document["parts"]),
            tuple((str(name), str(version), str(arch)) for name, version, arch in document["packages"]),
            int(document["sizeBytes"]),
            int(document["compressedBytes"]),
            float(document["buildSeconds"]),
            str(document["createdAt"]),
        )
    except (ValueError, KeyError, TypeError) as exc:
        raise InvalidParameter(f"not the manifest of a Windows base: {exc!r}") from exc
