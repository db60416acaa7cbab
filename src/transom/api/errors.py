"""Errors to HTTP: the only place that knows both sides."""

import asyncio
import logging
import os
import traceback
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

from transom import errors
from transom.aio.groups import first

log = logging.getLogger(__name__)

STATUS: dict[type[BaseException], int] = {
    errors.InvalidParameter: 400,
    errors.Unauthorized: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.NotModified: 304,
    errors.NotSupported: 501,
    errors.Unavailable: 503,
    errors.StartFailed: 400,
}


def status_of(error: BaseException) -> int:
    """Return the HTTP status for error: that of its nearest kind, or 500."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def message_of(error: BaseException) -> str:
    """Return the text for the client; a bug's text stays in the log."""
    if isinstance(error, errors.TransomError):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        # Should have been one of ours, but a full disk is worth telling whoever met it.
        return os.strerror(error.errno).lower()
    return f"internal error: {type(error).__name__}; the engine's log has the details"


def error_response(status: int, message: str) -> web.Response:
    """Return Docker's error object; its clients read it only if the media type has no parameter."""
    return web.Response(
        body=msgspec.json.encode({"message": message}) + b"\n", status=status, content_type="application/json"
    )


_BROKEN_BODY = "the request's body broke off, or is not what its headers say"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def errors_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a handler raises into an answer."""
    try:
        return await handler(request)
    except web.HTTPException as exc:
        if exc.status == HTTPStatus.NOT_FOUND:
            return error_response(404, "page not found")
        return error_response(exc.status, exc.reason)
    except web.RequestPayloadError:
        return error_response(400, _BROKEN_BODY)
    except BaseExceptionGroup as group:
        return _answer(request, first(group))
    except asyncio.CancelledError:
        raise
    except ConnectionError as exc:
        if request.transport is not None and not request.transport.is_closing():
            return _answer(request, exc)
        log.debug("the client has gone", extra={"method": request.method, "path": request.path})
        return web.Response()  # goes nowhere; an error raised here would fill the log
    except Exception as exc:
        return _answer(request, exc)


def _answer(request: web.Request, exc: BaseException) -> web.StreamResponse:
    if isinstance(exc, web.RequestPayloadError):  # inside of a group
        return error_response(400, _BROKEN_BODY)
    status = status_of(exc)
    if status == 500 and not isinstance(exc, errors.TransomError):
        log.error(
            "request failed",
            extra={"method": request.method, "path": request.path, "trace": "".join(traceback.format_exception(exc))},
        )
    if status == HTTPStatus.NOT_MODIFIED:
        return web.Response(status=304)
    return error_response(status, message_of(exc))
