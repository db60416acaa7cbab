"""Two Windows bases side by side: each container stays on its own; one in use is not removed."""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from tests.support.engine import WINDOWS, Engine, base_archive

from transom.drivers.exec.wine.base import manifest
from transom.drivers.exec.wine.base.digest import tree_digest
from transom.drivers.exec.wine.base.packing import write_archive

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox"),
    pytest.mark.timeout(600),
]
ASK = ("cmd", "/c", "if exist C:\\Windows\\marker.txt (echo marked) else echo plain")


@pytest.fixture(scope="module")
def marked_archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The base of the tests with one more file, so another base."""
    work = tmp_path_factory.mktemp("base")
    with zstandard.open(base_archive(), "rb") as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        archive.extractall(work / "tree", filter="fully_trusted")
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
    assert subprocess.run(["ls", str(windows.data / "bases")], capture_output=True, check=True).stdout.split() == [
        plain.removeprefix("sha256:").encode()
    ]
