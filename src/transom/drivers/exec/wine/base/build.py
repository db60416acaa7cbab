"""Builds a base: download, unpack, compile our programs, run Wine's set-up once, normalise, adopt."""

import asyncio
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from transom import faults
from transom.aio.groups import first
from transom.aio.locks import KeyedLock
from transom.drivers.exec.wine.base import accounts, grafts, icu, jobs, ports, sandbox, template, tree
from transom.drivers.exec.wine.base.archive import Package
from transom.drivers.exec.wine.base.contents import INF, SOURCES, SUITE, WOW64_SOURCES, Source
from transom.drivers.exec.wine.base.fetch import Mirror
from transom.drivers.exec.wine.base.programs import Programs, find_programs
from transom.drivers.exec.wine.base.sources import find_mirror
from transom.drivers.exec.wine.base.store import DiskBaseStore
from transom.drivers.exec.wine.registry import print_keys
from transom.errors import TransomError
from transom.execution.bases import BaseInfo, BaseOptions, BaseProgress, Progress
from transom.host.memory import give_back_memory
from transom.host.run import run
from transom.host.worker import Workers
from transom.model.clock import Clock, rfc3339nano
from transom.model.ids import Digest

_UNPACKED = faults.declare("base_build.unpacked", "the packages are unpacked, the registry is not made")
_SET_UP = faults.declare("base_build.set_up", "Wine's set-up has run")
SETUP_TIMEOUT_S = 180.0


@dataclass(frozen=True, slots=True)
class DebianBaseBuilder:
    """Implements BaseBuilder with Debian's Wine packages."""

    store: DiskBaseStore
    clock: Clock
    locks: KeyedLock
    workers: Workers
    environment: Mapping[str, str]
    """Where proxies are named."""
    mirror: str = ""
    """The mirror to take where none is asked for; empty for the host's own."""

    async def build(self, options: BaseOptions, progress: Progress) -> BaseInfo:
        """Build one base at a time; two callers who want the same get the same."""
        mirror = (options.mirror or self.mirror).rstrip("/") or await asyncio.to_thread(find_mirror)
        sources = (*SOURCES, *(WOW64_SOURCES if options.wow64 else ()))
        async with self.locks("base"), self.store.workspace() as work:
            began = time.monotonic()
            archive = Mirror(mirror, self.store.cache, SUITE, self.environment)
            fetched = await archive.packages((*sources, ports.HEADERS), progress)
            ported = [
                ports.Fetched(each, tuple((PurePath(one.path).name, str(archive.cached(one))) for one in each.archives))
                for each in await archive.source_packages(ports.PACKAGES, progress)
            ]
            (headers,) = (each for each in fetched if each[0] is ports.HEADERS)
            fetched.remove(headers)
            made = work / "base"
            extra = await icu.fetch(self.store.cache, work, self.environment) if options.icu else None
            try:
                async with asyncio.TaskGroup() as group:
                    porting = group.create_task(self._port(ported, headers, work / "ports"), name="port")
                    wine = self._make(work, made, fetched, extra, options, progress)
                    group.create_task(wine, name="make")
            except BaseExceptionGroup as errors:
                raise first(errors) from errors
            await asyncio.to_thread(tree.add_programs, made / "c", porting.result())
            await asyncio.to_thread(tree.normalise, made)
            progress(BaseProgress("check"))
            weighed = await self.workers.run(jobs.weigh, jobs.Tree(str(made)))
            info = BaseInfo(
                Digest(weighed.digest),
                next(package.version for source, package, _ in fetched if source.package == "libwine"),
                tuple(name for name, wanted in (("icu", options.icu), ("wow64", options.wow64)) if wanted),
                (
                    *((package.name, package.version, package.architecture) for _, package, _ in fetched),
                    *((each.package.name, each.package.version, "source") for each in ported),
                    *(((icu.PACKAGE, icu.VERSION, "amd64"),) if options.icu else ()),
                ),
                weighed.size_bytes,
                weighed.compressed_bytes,
                round(time.monotonic() - began, 1),
                rfc3339nano(self.clock.now()),
            )
            adopted = await asyncio.to_thread(self.store.adopt, made, info)
            await asyncio.to_thread(give_back_memory)
            return adopted

    async def _make(
        self,
        work: Path,
        made: Path,
        fetched: Sequence[tuple[Source, Package, Path]],
        icu_wheel: Path | None,
        options: BaseOptions,
        progress: Progress,
    ) -> None:
        linux = made / "linux"
        await asyncio.to_thread(linux.mkdir, parents=True)
        # Compiling beside unpacking: each keeps one core busy.
        try:
            async with asyncio.TaskGroup() as group:
                compiling = group.create_task(_compile(work, wow64=options.wow64), name="compile")
                group.create_task(self._unpack(fetched, linux, progress), name="unpack")
        except BaseExceptionGroup as errors:
            raise first(errors) from errors
        programs, additions = compiling.result()
        await asyncio.to_thread(tree.finish_linux, linux, programs)
        faults.point(_UNPACKED)
        progress(BaseProgress("registry"))
        prefix = work / "prefix"
        await asyncio.to_thread(tree.prepare_prefix, prefix, linux)
        await _set_up(linux, prefix)
        faults.point(_SET_UP)

        def finish() -> None:
            (linux / INF).unlink()
            grafts.apply(additions, linux, prefix / "drive_c/windows")
            tree.make_drive(prefix, linux, made / "c", programs)
            if icu_wheel:
                tree.add_libraries(made / "c", icu.files(icu_wheel))
            registry = made / "registry"
            registry.mkdir()
            system = template.system_branch(_text(prefix / "system.reg"), wow64=options.wow64)
            user = template.user_branch(_text(prefix / "user.reg"))
            system += print_keys(accounts.keys(user))
            (registry / "system.reg").write_text(system, encoding="utf-8", errors="surrogateescape")
            (registry / "user.reg").write_text(user, encoding="utf-8", errors="surrogateescape")

        await asyncio.to_thread(finish)

    async def _port(
        self, sources: Sequence[ports.Fetched], headers: tuple[Source, Package, Path], work: Path
    ) -> Mapping[str, bytes]:
        """Return the files of system32 that are compiled from Debian's sources, or were before."""
        source, package, deb = headers
        name = await ports.key(sources, package.sha256)
        files = await asyncio.to_thread(ports.kept, self.store.cache, name)
        if files is None:
            await asyncio.to_thread(work.mkdir)
            await asyncio.to_thread(tree.unpack, source, deb, work / "zlib", lambda entries: None)
            await self.workers.run(jobs.unpack_sources, jobs.UnpackSources(tuple(sources), str(work)))
            files = await ports.make(sources, work, work / "zlib")
            await asyncio.to_thread(ports.keep, self.store.cache, name, files)
        return files

    async def _unpack(self, fetched: Sequence[tuple[Source, Package, Path]], linux: Path, progress: Progress) -> None:
        done = 0

        def count(entries: int) -> None:
            nonlocal done
            done += entries
            progress(BaseProgress("unpack", done))

        # The two largest packages, Wine's, side by side: unpacking is bound by one core each.
        async with asyncio.TaskGroup() as group:
            for architecture in dict.fromkeys(source.architecture for source, _, _ in fetched):
                mine = tuple((source, str(deb)) for source, _, deb in fetched if source.architecture == architecture)
                work = self.workers.run(jobs.unpack, jobs.Unpack(mine, str(linux)), on_report=count)
                group.create_task(work, name=f"unpack {architecture}")


async def _compile(work: Path, *, wow64: bool) -> tuple[Programs, grafts.Grafts]:
    return await find_programs(work), await grafts.find_grafts(work, wow64=wow64)


async def _set_up(linux: Path, prefix: Path) -> None:
    """Run Wine's own set-up once in a sandbox.

    Raises:
        TransomError: it failed; the text has the end of what it said.
    """
    argv = [sys.executable, "-m", sandbox.__name__, str(linux), str(prefix)]
    env = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = await run(argv, env=env, timeout_s=SETUP_TIMEOUT_S)
    if done.code != 0 or not (prefix / "system.reg").exists():
        raise TransomError(f"Wine's set-up failed ({done.code}): {done.stderr.decode('utf-8', 'replace')[-1000:]}")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="surrogateescape")
