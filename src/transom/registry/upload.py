"""How a blob gets into a repository: found there, mounted from another, or sent, whole or in pieces.

Source: OCI distribution-spec v1.1, "Pushing blobs".
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode, urljoin

from transom import faults
from transom.errors import Forbidden, InvalidParameter, NotFound, Unauthorized
from transom.images.registry import BlobSource, OnProgress, OnRetry, Uploaded
from transom.model.oci import Descriptor
from transom.registry.failures import Broken
from transom.registry.session import Session, pause

_BEGUN = faults.declare("upload.begun", "a registry waits for a blob")
_PART = faults.declare("upload.part", "a part of a blob is on its way to a registry")
_WHOLE = faults.declare("upload.whole", "a registry has taken a blob")
_RANGE: Final = re.compile(r"(?:bytes=)?0-(\d+)")
_LIVELY: Final = 1 << 20
_OCTETS: Final = "application/octet-stream"


@dataclass(slots=True)
class Sending:
    """One blob on its way to a server. location, begun_at: the upload that is under way, and how much arrived."""

    session: Session
    base: str
    scopes: Sequence[str]
    blob: Descriptor
    source: BlobSource
    on_progress: OnProgress | None = None
    location: str = ""
    offset: int = 0
    stall_s: float = 60
    _sent: int = field(default=0)
    _deadline: asyncio.Timeout | None = field(default=None)

    async def run(self, mount_from: Sequence[str], attempts: int, on_retry: OnRetry | None) -> Uploaded:
        """See to it that the blob is there.

        Raises:
            InvalidParameter: the registry found another digest. Unavailable: it breaks off again and again.
        """
        tries = lively = 0
        while True:
            try:
                return await self._try(mount_from)
            except Broken as exc:
                tries = 1 if self._sent - lively >= _LIVELY else tries + 1
                lively = self._sent
                if tries >= attempts:
                    raise
                await pause(tries, exc, on_retry)
                await self._take_up()

    async def _try(self, mount_from: Sequence[str]) -> Uploaded:
        if not self.location:
            if await self._is_there():
                return Uploaded.PRESENT
            for path in mount_from:
                if await self._mount(path):
                    return Uploaded.MOUNTED
            if not self.location:
                await self._begin()
        faults.point(_BEGUN)
        await self._send()
        faults.point(_WHOLE)
        return Uploaded.SENT

    async def _is_there(self) -> bool:
        try:
            async with self.session.send("HEAD", f"{self.base}/blobs/{self.blob.digest}", self.scopes):
                return True
        except NotFound:
            return False

    async def _mount(self, path: str) -> bool:
        """Ask for the blob of another repository; a server that will not has begun an upload instead, which is kept."""
        query = urlencode({"mount": self.blob.digest, "from": path})
        scopes = (*self.scopes, f"repository:{path}:pull")
        try:
            async with self.session.send(
                "POST", f"{self.base}/blobs/uploads/?{query}", scopes, headers={"Content-Length": "0"}
            ) as (_, response):
                if response.status == 201:
                    return True
                if response.status == 202 and response.headers.get("Location"):
                    self.location = urljoin(str(response.url), response.headers["Location"])
        except (NotFound, Forbidden, Unauthorized, InvalidParameter):
            pass  # it may not be read, or is not known; the blob can still be sent
        return False

    async def _begin(self) -> None:
        async with self.session.send(
            "POST", f"{self.base}/blobs/uploads/", self.scopes, headers={"Content-Length": "0"}
        ) as (call, response):
            found = response.headers.get("Location", "")
            if not found:
                raise InvalidParameter(f"{call.what}: the registry says not where to send the blob")
            self.location, self.offset = urljoin(str(response.url), found), 0

    async def _send(self) -> None:
        """Send what is missing: in one request if nothing is there yet, else the rest, and then the end."""
        if self.offset:
            await self._patch()
            await self._put(b"", 0)
        else:
            await self._put(self._body, self.blob.size)

    async def _put(self, data: object, size: int) -> None:
        mark = "&" if "?" in self.location else "?"
        url = f"{self.location}{mark}digest={quote(self.blob.digest)}"
        headers = {"Content-Type": _OCTETS, "Content-Length": str(size)}
        async with self._timed(), self.session.send("PUT", url, self.scopes, headers=headers, data=data):
            pass
        self.location = ""

    async def _patch(self) -> None:
        headers = {
            "Content-Type": _OCTETS,
            "Content-Length": str(self.blob.size - self.offset),
            "Content-Range": f"{self.offset}-{self.blob.size - 1}",
        }
        async with (
            self._timed(),
            self.session.send("PATCH", self.location, self.scopes, headers=headers, data=self._body) as (_, response),
        ):
            self._move(str(response.url), response.headers)
        self.offset = self.blob.size

    @asynccontextmanager
    async def _timed(self) -> AsyncIterator[None]:
        """Break off where the server takes nothing for so long; once it has all it may think."""
        try:
            async with asyncio.timeout(None) as self._deadline:
                yield
        except TimeoutError:
            raise Broken(f"{self.blob.digest}: the registry takes no more: i/o timeout") from None
        finally:
            self._deadline = None

    def _alive(self, *, whole: bool) -> None:
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(None if whole else asyncio.get_running_loop().time() + self.stall_s)

    async def _body(self) -> AsyncIterator[bytes]:
        position = self.offset
        self._alive(whole=not self.blob.size)
        async with self.source(position) as pieces:
            async for piece in pieces:
                yield piece
                faults.point(_PART)
                position += len(piece)
                self._sent = max(self._sent, position)
                self._alive(whole=position == self.blob.size)
                if self.on_progress is not None:
                    self.on_progress(position)

    async def _take_up(self) -> None:
        """Ask how much of a broken upload arrived; one that is not known any more is begun anew."""
        if not self.location:
            return
        try:
            async with self.session.send("GET", self.location, self.scopes) as (_, response):
                match = _RANGE.fullmatch(response.headers.get("Range", ""))
                arrived = int(match[1]) + 1 if match else 0
                self._move(str(response.url), response.headers)
            # `0-0` stands for one byte and for none alike.
            self.offset = arrived if 1 < arrived < self.blob.size else 0
            if not self.offset:
                self.location = ""
        except (NotFound, Broken, InvalidParameter):
            self.location, self.offset = "", 0

    def _move(self, url: str, headers: Mapping[str, str]) -> None:
        if headers.get("Location"):
            self.location = urljoin(url, headers["Location"])
