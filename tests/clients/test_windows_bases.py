"""Two Windows bases side by side: each container stays on its own; one in use is not removed."""

import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from tests.clients.test_windows_api import api_exe
from tests.support.engine import WINDOWS, Engine, base_archive
from tests.support.windows import esbuild_exe

from transom.drivers.exec.wine.base import manifest
from transom.drivers.exec.wine.base.digest import tree_digest
from transom.drivers.exec.wine.base.packing import write_archive

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox"),
    pytest.mark.timeout(600),
]
COMPILER_32 = "i686-w64-mingw32-gcc"
ASK = ("cmd", "/c", "if exist C:\\Windows\\marker.txt (echo marked) else echo plain")


@pytest.fixture(scope="module")
def marked_archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The base of the tests with one more file, so another base."""
    work = tmp_path_factory.mktemp("base")
    with zstandard.open(base_archive(), "rb") as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        archive.extraction_filter = lambda member, path: member  # the bytes are our own; 3.11.2 has no named filters
        archive.extractall(work / "tree")
    (work / "tree" / "c" / "windows" / "marker.txt").write_text("marked")
    raw = next((work / "tree").glob("manifest.json"))
    digest, _ = tree_digest(work / "tree")
    changed = manifest.dump(replace(manifest.load(raw.read_bytes()), digest=digest))
    with open(work / "marked.tar.zst", "xb") as file:
        write_archive(work / "tree", changed, file, lambda size: None)
    shutil.rmtree(work / "tree")
    yield work / "marked.tar.zst"
    (work / "marked.tar.zst").unlink()


def run(engine: Engine, *options: str) -> str:
    return engine.docker("run", "--rm", "--network", "none", *options, WINDOWS, *ASK).out.strip()


def test_containers_and_images_keep_their_base(windows: Engine, marked_archive: Path, tmp_path: Path) -> None:
    (plain,) = windows.transom("base", "ls", "-q", "--no-trunc").out.split()
    windows.docker("create", "--name", "old", "--network", "none", WINDOWS, *ASK)
    marked = windows.transom("base", "import", "-q", str(marked_archive), timeout_s=120).out.strip()
    (tmp_path / "Dockerfile").write_text(f"FROM {WINDOWS}\nLABEL transom.base={marked}\nRUN ver\n")
    windows.docker("build", "-q", "-t", "on-marked", "--network", "none", str(tmp_path))

    assert windows.docker("start", "-a", "old").out.strip() == "plain"
    assert run(windows, "--label", f"transom.base={marked}") == "marked"
    assert run(windows, "--label", f"transom.base={plain}") == "plain"
    windows.docker("create", "--name", "new", "--label", f"transom.base={marked}", WINDOWS, *ASK)
    assert marked in windows.docker("inspect", "new").out
    refused = windows.transom("base", "rm", marked, check=False)
    assert refused.code != 0
    assert "new" in refused.err or "used" in refused.err
    windows.docker("rm", "new")
    refused = windows.transom("base", "rm", marked, check=False)
    assert refused.code != 0, "an image was built on it"
    windows.docker("rmi", "on-marked")
    windows.docker("builder", "prune", "-af")
    windows.transom("base", "rm", "--force", marked)  # it may be the one that new containers take
    assert windows.docker("start", "-a", "old").out.strip() == "plain"
    kept = {each.name for each in (windows.data / "bases").iterdir()} - {"cache"}
    assert kept == {plain.removeprefix("sha256:")}


@pytest.fixture
def parts(windows: Engine) -> Iterator[str]:
    """A base with every optional part, for as long as the test lasts; its digest."""
    digest = windows.transom("base", "build", "-q", "--part", "wow64", "--part", "icu", timeout_s=500).out.strip()
    yield digest
    windows.transom("base", "rm", "--force", digest)


def test_programs_find_what_the_parts_of_a_base_have(windows: Engine, parts: str, tmp_path: Path) -> None:
    shutil.copy(esbuild_exe("win32-ia32"), tmp_path / "esbuild.exe")
    (tmp_path / "in.js").write_text("export const answer = 6 * 7; console.log(answer);")

    windows.docker(
        "run", "--rm", "--network", "none", "--label", f"transom.base={parts}", "-v", f"{tmp_path}:C:\\work",
        "-w", "C:\\work", WINDOWS, "esbuild.exe", "--minify", "--log-level=warning", "in.js", "--outfile=out\\out.js",
    )  # fmt: skip

    assert "console.log(" in (tmp_path / "out" / "out.js").read_text()
    shutil.copy(api_exe(), tmp_path / "api.exe")
    mounted = ("--network", "none", "-v", f"{tmp_path}:C:\\work")
    done = windows.docker("run", "--rm", "--label", f"transom.base={parts}", *mounted, WINDOWS, "C:\\work\\api", "icu")
    assert "0 of" not in done.out
    asked = "C:\\Windows\\SysWOW64\\reg.exe add HKLM\\Software\\Of32 /f && reg query HKLM\\Software\\Wow6432Node\\Of32"
    done = windows.docker(
        "run", "--rm", "--network", "none", "--label", f"transom.base={parts}", WINDOWS, "cmd", "/c", asked
    )
    assert "completed successfully" in done.out, "SysWOW64's reg has the registry of 32-bit programs"
    if compiler := shutil.which(COMPILER_32):
        api_exe(compiler, tmp_path / "api32.exe")
        for group in ("unix", "streams", "accounts"):
            user = ("--user", "ContainerAdministrator", "--label", f"transom.base={parts}")
            done = windows.docker("run", "--rm", *user, *mounted, WINDOWS, "C:\\work\\api32", group, check=False)
            assert done.code == 0, done.out
    assert "icu,wow64" in windows.transom("base", "ls").out.replace(", ", ",")
