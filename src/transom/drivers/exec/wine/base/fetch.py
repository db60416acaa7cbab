"""Downloads from a Debian mirror: what is signed, then what the signed file names, each checked."""

import asyncio
import hashlib
import logging
import lzma
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiohttp

from transom import faults
from transom.drivers.exec.wine.base.archive import (
    Listed,
    Package,
    SourcePackage,
    find_packages,
    find_sources,
    parse_release,
    signed_text,
)
from transom.drivers.exec.wine.base.contents import KEYRINGS, Source
from transom.drivers.exec.wine.base.sources import apt_proxies, choose_proxy
from transom.errors import InvalidParameter, NotSupported, Unavailable
from transom.execution.bases import BaseProgress, Progress
from transom.host.run import ProgramMissing, run

log = logging.getLogger(__name__)
T = TypeVar("T")

PARALLEL = 4
ALIASES = ("stable", "oldstable")
"""Other names of releases on a mirror. While one name's index is of another day than its Release, or a package is not
there yet (a mirror in the midst of an update, a cache between), the other may still be whole; only a Release of the
wanted codename is taken."""
CHUNK = 1 << 18
_DOWNLOADED = faults.declare("base_build.downloaded", "some packages are in the cache, nothing is built")


@dataclass(frozen=True, slots=True)
class Mirror:
    """Fetches from one mirror into a cache directory of files named by their digest."""

    url: str
    cache: Path
    suite: str
    environment: Mapping[str, str]
    keyrings: Sequence[str] = KEYRINGS
    """Files with the keys that may sign a Release; those that exist count."""

    async def packages(self, sources: Sequence[Source], progress: Progress) -> list[tuple[Source, Package, Path]]:
        """Return the sources' packages and where they are on disk, all of them checked.

        Raises:
            InvalidParameter: a signature or a sum is wrong.
            Unavailable: the mirror does not answer.
        """
        async with self._session() as session:

            async def fetch(directory: str) -> list[tuple[Source, Package]]:
                found = await self._find_packages(session, directory, sources)
                await self._fetch_all(session, [package for _, package in found], progress)
                return found

            progress(BaseProgress("index"))
            found = await self._from_one_release(fetch)
        faults.point(_DOWNLOADED)
        return [(source, package, self.cached(package)) for source, package in found]

    async def source_packages(self, names: Sequence[str], progress: Progress) -> list[SourcePackage]:
        """Return the named source packages; their archives are where cached() says, all of them checked.

        Raises:
            InvalidParameter: a signature or a sum is wrong.
            Unavailable: the mirror does not answer.
        """
        async with self._session() as session:

            async def fetch(directory: str) -> list[SourcePackage]:
                found = await self._find_sources(session, directory, names)
                await self._fetch_all(session, [archive for each in found for archive in each.archives], progress)
                return found

            progress(BaseProgress("index"))
            return await self._from_one_release(fetch)

    def cached(self, package: Package) -> Path:
        """Return where a package that was fetched is on disk."""
        return self._cached(package.sha256)

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[aiohttp.ClientSession]:
        self.cache.mkdir(parents=True, exist_ok=True)
        timeout = aiohttp.ClientTimeout(total=None, connect=30, sock_read=60)
        try:
            async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
                yield session
        except aiohttp.ClientError as exc:
            raise Unavailable(f"the mirror {self.url} cannot be used: {exc}") from exc
        except TimeoutError as exc:
            raise Unavailable(f"the mirror {self.url} does not answer") from exc

    async def _from_one_release(self, fetch: Callable[[str], Awaitable[T]]) -> T:
        """Fetch packages, all of them of one Release: the architectures' Wine must be of one version."""
        refused: InvalidParameter | Unavailable | None = None
        for directory in (self.suite, *ALIASES):
            try:
                return await fetch(directory)
            except (InvalidParameter, Unavailable) as exc:
                refused = refused or exc
        raise refused or Unavailable(f"the mirror {self.url} has no release {self.suite}")

    async def _release(self, session: aiohttp.ClientSession, directory: str) -> dict[str, Listed]:
        inline = await self._get(session, f"dists/{directory}/InRelease", limit=16 << 20)
        await check_signature(inline, self.keyrings)
        return parse_release(signed_text(inline.decode("utf-8", "replace")), codename=self.suite)

    async def _find_sources(
        self, session: aiohttp.ClientSession, directory: str, names: Sequence[str]
    ) -> list[SourcePackage]:
        release = await self._release(session, directory)
        index = await self._index(session, directory, release, "main/source/Sources.xz")
        return await asyncio.to_thread(lambda: list(find_sources(decompressed(index), names)))

    async def _find_packages(
        self, session: aiohttp.ClientSession, directory: str, sources: Sequence[Source]
    ) -> list[tuple[Source, Package]]:
        release = await self._release(session, directory)
        found: list[tuple[Source, Package]] = []
        for architecture in dict.fromkeys(source.architecture for source in sources):
            index = await self._index(session, directory, release, f"main/binary-{architecture}/Packages.xz")
            mine = [source for source in sources if source.architecture == architecture]
            names = [source.package for source in mine]
            packages = await asyncio.to_thread(_find, index, names)
            found += zip(mine, packages, strict=True)
        return found

    async def _index(self, session: aiohttp.ClientSession, suite: str, release: dict[str, Listed], name: str) -> bytes:
        listed = release.get(name)
        if listed is None:
            raise InvalidParameter(f"the mirror's Release does not list {name}")
        directory, _, file = f"dists/{suite}/{name}".rpartition("/")
        # By hash first: while a mirror is updated, the plain name may be of another day than the Release.
        try:
            data = await self._get(session, f"{directory}/by-hash/SHA256/{listed.sha256}", limit=listed.size_bytes)
        except Unavailable:
            data = await self._get(session, f"{directory}/{file}", limit=64 << 20)
        if hashlib.sha256(data).hexdigest() != listed.sha256:
            raise InvalidParameter(f"{name} from {self.url} is not what the signed Release lists; try again later")
        return data

    async def _fetch_all(self, session: aiohttp.ClientSession, packages: Sequence[Package], progress: Progress) -> None:
        unique = {package.sha256: package for package in packages}
        missing = [each for each in unique.values() if not self._cached(each.sha256).exists()]
        total = sum(package.size_bytes for package in missing)
        done = 0

        def count(size: int) -> None:
            nonlocal done
            done += size
            progress(BaseProgress("download", done, total))

        gate = asyncio.Semaphore(PARALLEL)
        try:
            async with asyncio.TaskGroup() as group:
                for package in sorted(missing, key=lambda each: -each.size_bytes):
                    group.create_task(self._fetch(session, package, gate, count), name=f"fetch {package.name}")
        except ExceptionGroup as group_error:
            raise group_error.exceptions[0] from None

    async def _fetch(
        self, session: aiohttp.ClientSession, package: Package, gate: asyncio.Semaphore, count: Callable[[int], None]
    ) -> None:
        target = self._cached(package.sha256)
        part = target.with_suffix(f".part{os.getpid()}")
        digest = hashlib.sha256()
        try:
            async with gate, session.get(f"{self.url}/{package.path}", proxy=self._proxy()) as response:
                if response.status != 200:
                    raise Unavailable(f"{self.url}/{package.path}: HTTP {response.status}")
                with part.open("wb") as file:
                    async for chunk in response.content.iter_chunked(CHUNK):
                        digest.update(chunk)
                        file.write(chunk)  # a quarter of a MiB into the page cache: no time to speak of
                        count(len(chunk))
            if digest.hexdigest() != package.sha256:
                raise InvalidParameter(f"{package.path} from {self.url} has a wrong SHA256 sum")
            part.rename(target)
        finally:
            with suppress(FileNotFoundError):
                part.unlink()

    async def _get(self, session: aiohttp.ClientSession, path: str, *, limit: int) -> bytes:
        async with session.get(f"{self.url}/{path}", proxy=self._proxy()) as response:
            if response.status != 200:
                raise Unavailable(f"{self.url}/{path}: HTTP {response.status}")
            data = b""
            async for chunk in response.content.iter_chunked(CHUNK):
                data += chunk
                if len(data) > limit:
                    raise InvalidParameter(f"{self.url}/{path} is larger than the archive says")
            return data

    def _proxy(self) -> str | None:
        return choose_proxy(self.url, environment=self.environment, apt=apt_proxies())

    def _cached(self, sha256: str) -> Path:
        return self.cache / f"{sha256}.deb"


def _find(index: bytes, names: Sequence[str]) -> list[Package]:
    return list(find_packages(decompressed(index), names))


def decompressed(data: bytes) -> Iterator[bytes]:
    """Yield what is in an xz file in pieces of at most CHUNK bytes."""
    xz = lzma.LZMADecompressor()
    yield xz.decompress(data, CHUNK)
    while not xz.eof and not xz.needs_input:
        yield xz.decompress(b"", CHUNK)


async def check_signature(inline: bytes, files: Sequence[str]) -> None:
    """Check a clear-signed file against the keys in files.

    Raises:
        InvalidParameter: no key of Debian's signed it.
        NotSupported: gpgv or the keys are not installed.
    """
    keyrings = await asyncio.to_thread(lambda: [path for path in files if os.path.exists(path)])
    if not keyrings:
        raise NotSupported("Debian's archive keys are missing: install the package debian-archive-keyring")
    try:
        argv = ["gpgv", *(part for path in keyrings for part in ("--keyring", path)), "-"]
        done = await run(argv, stdin=inline, timeout_s=30)
    except ProgramMissing as exc:
        raise NotSupported("gpgv is missing: install the package gpgv") from exc
    if done.code != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise InvalidParameter(f"InRelease is not signed by Debian: {reason[-1] if reason else 'gpgv failed'}")
