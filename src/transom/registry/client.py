"""The Registries of one engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from transom.images.registry import Access, Credentials, TransferFailed
from transom.model.reference import DEFAULT_DOMAIN, Reference
from transom.model.secret import Secret
from transom.registry.endpoints import endpoints_of
from transom.registry.repository import RemoteRepository
from transom.registry.session import Session
from transom.registry.settings import RegistrySettings
from transom.registry.transport import Transport
from transom.registry.trust import TrustStore

_HUB_NAMES = frozenset({"", "index.docker.io", "registry-1.docker.io", "hub.docker.com", DEFAULT_DOMAIN})


class RegistryClient:
    """Opens repositories over HTTP."""

    def __init__(self, settings: RegistrySettings) -> None:
        """Ask nothing yet."""
        self._settings = settings
        self._trust = TrustStore(settings.certificate_dirs)

    @asynccontextmanager
    async def repository(
        self, reference: Reference, access: Access, credentials: Credentials
    ) -> AsyncIterator[RemoteRepository]:
        """Open reference's repository."""
        endpoints = endpoints_of(reference.domain, self._settings, writing=access is Access.PUSH)
        if not endpoints:
            raise TransferFailed(f"{reference.domain} is not asked: the configuration gives no location for it")
        transport = Transport(self._settings, self._trust)
        try:
            sessions = [Session(transport, endpoint, credentials) for endpoint in endpoints]
            yield RemoteRepository(reference, access, sessions, transport, self._settings)
        finally:
            await transport.close()

    async def login(self, server: str, credentials: Credentials) -> Secret:
        """Prove credentials at a server."""
        host = urlsplit(server if "://" in server else f"//{server}").netloc
        domain = DEFAULT_DOMAIN if host in _HUB_NAMES else host
        endpoints = endpoints_of(domain, self._settings, writing=True)
        own = [endpoint for endpoint in endpoints if endpoint.is_own]
        if not own:
            raise TransferFailed(f"{domain} is not asked: the configuration gives no location for it")
        transport = Transport(self._settings, self._trust)
        try:
            return await Session(transport, own[0], credentials).prove()
        finally:
            await transport.close()
