"""Transom's own part of the API: images put on another Windows base."""

from dataclasses import dataclass

from aiohttp import web

from transom.api.progress import stream_progress
from transom.api.registry_auth import credentials_in
from transom.engine.images.rebase import RebaseImage
from transom.images.progress import Emit


@dataclass(frozen=True, slots=True)
class RebaseRoutes:
    """Handler of /transom/images/{name}/rebase."""

    rebase_: RebaseImage

    def routes(self) -> list[tuple[str, str, object]]:
        """Return (method, path, handler)."""
        return [("POST", "/transom/images/{name:.+}/rebase", self.rebase)]

    async def rebase(self, request: web.Request) -> web.StreamResponse:
        """POST /transom/images/{name}/rebase?onto=: progress, at its end {"aux": {"ID": "sha256:…"}}."""
        name, onto, credentials = request.match_info["name"], request.query.get("onto", ""), credentials_in(request)

        async def work(emit: Emit) -> None:
            image = await self.rebase_(name, onto, emit, credentials=credentials)
            emit({"aux": {"ID": image.id}})

        return await stream_progress(request, work)
