"""What a registry's refusals mean. Pure.

Source: OCI distribution-spec v1.1, "Error Codes"; its older relatives in the Docker Registry HTTP API V2.
"""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import msgspec

from transom.errors import Forbidden, InvalidParameter, NotFound, TransomError, Unauthorized
from transom.images.registry import ManifestUnknown, RepositoryUnknown, TransferFailed

MAX_BODY = 64 << 10
MAX_TEXT = 500
_UNKNOWN = {"MANIFEST_UNKNOWN": ManifestUnknown, "NAME_UNKNOWN": RepositoryUnknown}


class Unreachable(TransferFailed):
    """No connection: nobody listens there, the name is unknown, or the certificate is not trusted."""


class Broken(TransferFailed):
    """A connection or an answer broke; trying again may help. retry_after_s: when the server says so, else 0."""

    def __init__(self, text: str, *, retry_after_s: float = 0) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class _Error(msgspec.Struct):
    code: str | int = ""
    message: str | None = ""


class _Errors(msgspec.Struct):
    """Errors as registries send them, and as token servers and Docker Hub do."""

    errors: list[_Error] | None = None
    details: str | None = ""
    error: str | None = ""
    error_description: str | None = ""
    message: str | None = ""


def failure(status: int, headers: Mapping[str, str], body: bytes, what: str) -> TransomError:
    """Return the error that an answer stands for; what is the request, as in `Get "https://…"`."""
    code, text = _read(body)
    said = text or f"{what}: unexpected status {status}"
    if code in _UNKNOWN:
        return _UNKNOWN[code](said)
    if status == 429:
        after = retry_after_s(headers.get("Retry-After", ""))
        return Broken(said if text else f"toomanyrequests: {what}", retry_after_s=after)
    if status >= 500 or status == 408:
        return Broken(said, retry_after_s=retry_after_s(headers.get("Retry-After", "")))
    if status == 401:
        return Unauthorized(said if text else f"{what}: unauthorized: authentication required")
    if status == 403:
        return Forbidden(said if text else f"{what}: denied: requested access to the resource is denied")
    if status == 404:
        return NotFound(said)
    return InvalidParameter(said)


def _read(body: bytes) -> tuple[str, str]:
    """Return the first error's code, and everything in one sentence."""
    try:
        found = msgspec.json.decode(body, type=_Errors)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return "", ""
    if not found.errors:
        parts = (found.details, found.message, found.error_description, found.error)
        return "", next((part for part in parts if part), "")[:MAX_TEXT]
    texts = []
    for each in found.errors[:5]:
        code = str(each.code).lower().replace("_", " ")
        texts.append(f"{code}: {each.message}" if each.message else code)
    return str(found.errors[0].code), "; ".join(texts)[:MAX_TEXT]


def retry_after_s(value: str) -> float:
    """Return the seconds that a Retry-After header asks for, 0 for none."""
    if value.strip().isdecimal():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0
