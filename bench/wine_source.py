"""Wine's tests of its cmd, out of Debian's source package; and Wine's cmd itself, out of the binary one."""

import asyncio
import hashlib
import lzma
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

from tests.support.engine import KEPT

from transom.drivers.exec.wine.base import tree
from transom.drivers.exec.wine.base.archive import parse_release, signed_text
from transom.drivers.exec.wine.base.contents import KEYRINGS, PE_DIR, SUITE, Source
from transom.drivers.exec.wine.base.fetch import Mirror, check_signature
from transom.drivers.exec.wine.base.sources import apt_proxies, choose_proxy, find_mirror, paragraphs

CACHE = KEPT.parent / "downloads"
TESTS = ("test_cmdline.cmd", "test_builtins.bat", "test_builtins.cmd")


def wine_tests() -> Path:
    """Return a directory with the scripts and their expectations; fetched once, by the host's mirror."""
    kept = CACHE / "wine-cmd-tests"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            made = Path(scratch) / "tests"
            made.mkdir()
            archive = Path(scratch) / "wine.tar.xz"
            archive.write_bytes(_source())
            for name, content in _members(archive):
                (made / name).write_bytes(content)
            made.rename(kept)
    return kept


def wine_cmd() -> Path:
    """Return Wine's cmd.exe, as a base would have it."""
    kept = CACHE / "wine-cmd.exe"
    if not kept.exists():
        source = Source("libwine", ((rf"{PE_DIR}/(cmd\.exe)", r"\1"),))
        mirror = Mirror(find_mirror(), CACHE, SUITE, os.environ)
        ((_, _, package),) = asyncio.run(mirror.packages([source], lambda progress: None))
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            tree.unpack(source, package, Path(scratch), lambda count: None)
            shutil.move(Path(scratch) / "cmd.exe", kept)
        package.unlink()
    return kept


def _get(path: str) -> bytes:
    url = f"{find_mirror()}/{path}"
    proxy = choose_proxy(url, environment=os.environ, apt=apt_proxies())
    opener = build_opener(ProxyHandler({"http": proxy, "https": proxy} if proxy else {}))
    with opener.open(url, timeout=120) as response:
        data: bytes = response.read()
        return data


def _checked(data: bytes, sha256: str, name: str) -> bytes:
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SystemExit(f"{name} from the mirror is not what Debian signed; try again later")
    return data


def _source() -> bytes:
    inline = _get(f"dists/{SUITE}/InRelease")
    asyncio.run(check_signature(inline, KEYRINGS))
    name = "main/source/Sources.xz"
    listed = parse_release(signed_text(inline.decode()), codename=SUITE)[name]
    index = lzma.decompress(_checked(_get(f"dists/{SUITE}/{name}"), listed.sha256, name)).decode()
    start = index.index("Package: wine\n")
    fields = next(paragraphs(index[start : index.index("\n\n", start)]))
    entry = re.search(r"(?P<sha256>[0-9a-f]{64}) \d+ (?P<name>wine_\S+\.orig\.tar\.xz)", fields["checksums-sha256"])
    assert entry is not None, "Debian's wine has no original source"
    return _checked(_get(f"{fields['directory']}/{entry['name']}"), entry["sha256"], entry["name"])


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    wanted = {f"programs/cmd/tests/{name}{ending}" for name in TESTS for ending in ("", ".exp")}
    with tarfile.open(archive) as file:
        for member in file:
            if member.name.partition("/")[2] in wanted:
                content = file.extractfile(member)
                assert content is not None
                yield Path(member.name).name, content.read()
