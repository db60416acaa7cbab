"""curl and tar, as Windows has them: real downloads and archives that other programs read and wrote."""

import hashlib
import http.server
import io
import random
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator

import pytest
from tests.support.batch import Box, batch_box
from tests.support.engine import Engine
from tests.support.windows import COMPILER

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER, "xz"),
    pytest.mark.timeout(300),
]
BIG = random.Random(1).randbytes(10_000_000)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Answer(http.server.BaseHTTPRequestHandler):
    """Gives BIG, sends elsewhere, returns what it is given."""

    protocol_version = "HTTP/1.1"

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path == "/moved":
            self._answer(302, Location="/big")
        elif self.path == "/agent":
            self._answer(200, self.headers["User-Agent"].encode())
        elif self.path == "/big":
            begin = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            partial = {"Content-Range": f"bytes {begin}-{len(BIG) - 1}/{len(BIG)}"} if begin else {}
            self._answer(206 if begin else 200, BIG[begin:], **partial)
        else:
            self._answer(404, b"nothing here")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200, f"{self.command} {len(body)} {digest(body)}".encode())

    def do_PUT(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class' name)
        pass


@pytest.fixture(scope="module")
def shared_box(shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with batch_box(shared_engine, tmp_path_factory.mktemp("curl"), "--network", "bridge") as made:
        yield made


@pytest.fixture
def box(shared_box: Box) -> Box:
    """The container, with its directory empty."""
    shared_box.empty()
    return shared_box


@pytest.fixture(scope="module")
def site(shared_engine: Engine) -> Iterator[str]:
    """A server that containers reach; its address."""
    gateway = shared_engine.docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "bridge").out
    with http.server.ThreadingHTTPServer(("0.0.0.0", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{gateway.strip()}:{server.server_port}"
        server.shutdown()
        thread.join()


def test_curl_downloads_whole_files(box: Box, site: str) -> None:
    done = box.run(
        f"curl -fsSL --create-dirs -o a\\b\\big.bin {site}/moved",
        f"curl -fsS {site}/big > C:\\t\\piped.bin",
        "copy /b a\\b\\big.bin C:\\t\\saved.bin >nul",
        f"curl -sS -O {site}/big & dir /b",
    )

    assert (done.code, done.err) == (0, "")
    assert done.out.split() == ["a", "big"]
    for name in ("saved.bin", "piped.bin"):
        assert digest((box.shared / name).read_bytes()) == digest(BIG)
        (box.shared / name).unlink()


def test_curl_goes_on_with_what_there_is_of_a_file(box: Box, site: str) -> None:
    (box.shared / "part.bin").write_bytes(BIG[:4_000_000])

    done = box.run(f"curl -fsS -C - -o C:\\t\\part.bin {site}/big")

    assert done.code == 0, done
    assert digest((box.shared / "part.bin").read_bytes()) == digest(BIG)
    (box.shared / "part.bin").unlink()


def test_curl_sends_and_says_what_went_wrong(box: Box, site: str) -> None:
    (box.shared / "big.bin").write_bytes(BIG)

    assert box.run(f"curl -sS -T C:\\t\\big.bin {site}/x").out == f"PUT {len(BIG)} {digest(BIG)}"
    assert box.run(f'curl -sS -d "a=b&c=gr%%C3%%BC" {site}/x').out.startswith("POST 14 ")
    assert box.run(f"curl -sS {site}/agent").out.startswith("curl/")
    assert box.run(f'curl -s -o nul -w "%%{{http_code}} %%{{size_download}}" {site}/nothing').out == "404 12"
    failed = box.run(f"curl -fsS {site}/nothing")
    assert (failed.code, failed.err) == (22, "curl: (22) The requested URL returned error: 404\n")
    assert box.run("curl -sS http://127.0.0.1:1/").code == 7
    assert box.run("curl -sS http://nosuch.invalid/").code == 6
    (box.shared / "big.bin").unlink()


def entries(data: bytes) -> dict[str, bytes]:
    """Return the files of an archive that tar made, as Python reads it."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return {name: packed.read(name) for name in packed.namelist() if not name.endswith("/")}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {member.name: archive.extractfile(member) for member in archive if member.isreg()}
        return {name: file.read() for name, file in found.items() if file}


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.zip"])
def test_tar_packs_what_others_read(box: Box, name: str) -> None:
    box.run(
        "mkdir top\\grüße top\\empty",
        "<nul set /p=one>top\\one.txt",
        "<nul set /p=two>top\\grüße\\日本.txt",
        f"tar -caf C:\\t\\{name} top",
    )

    made = (box.shared / name).read_bytes()

    assert entries(made) == {"top/one.txt": b"one", "top/grüße/日本.txt": b"two"}
    listed = box.run(f"tar -tf C:\\t\\{name}").out.split()
    assert sorted(listed) == ["top/", "top/empty/", "top/grüße/", "top/grüße/日本.txt", "top/one.txt"]
    (box.shared / name).unlink()


def packed(kind: str) -> bytes:
    """Return an archive of two files, made by others."""
    files = {"top/one.txt": b"one", "top/grüße/日本 😀.bin": BIG}
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    if kind == "tar":
        return buffer.getvalue()
    program = {"gz": "gzip", "xz": "xz", "zst": "zstd"}[kind]
    return subprocess.run([program, "-1", "-c"], input=buffer.getvalue(), stdout=subprocess.PIPE, check=True).stdout


@pytest.mark.parametrize("kind", ["tar", "gz", "xz", "zip"])
def test_tar_unpacks_what_others_made(box: Box, kind: str) -> None:
    (box.shared / "made").write_bytes(packed(kind))

    done = box.run(
        "mkdir d",
        "tar -xf C:\\t\\made -C d --strip-components=1",
        "type d\\one.txt",
        "copy /b d\\grüße\\* C:\\t\\big >nul",
    )

    assert (done.code, done.out) == (0, "one")
    assert digest((box.shared / "big").read_bytes()) == digest(BIG)
    assert box.run("type C:\\t\\made | tar -xOf - top/one.txt").out == "one"
    (box.shared / "made").unlink()
    (box.shared / "big").unlink()


def test_hostile_archive_stays_where_it_is_unpacked(box: Box) -> None:
    with tarfile.open(box.shared / "evil.tar", "w") as archive:
        for name in (
            "../up.txt",
            "d/../../up.txt",
            "/abs.txt",
            "C:\\abs2.txt",
            "C:/abs3.txt",
            "\\\\?\\C:\\abs4.txt",
            "fine",
        ):
            info = tarfile.TarInfo(name)
            info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "C:\\w"
        archive.addfile(link)
        through = tarfile.TarInfo("link/through.txt")
        through.size = 1
        archive.addfile(through, io.BytesIO(b"x"))

    done = box.run("mkdir e", "cd e", "tar -xf C:\\t\\evil.tar")
    escaped = box.run("dir /b C:\\*.txt C:\\w\\*.txt 2>nul")

    assert done.code == 1
    assert "Path contains '..'" in done.err
    assert escaped.out == ""
    assert box.run("dir /b e\\fine").out == "fine\n"
    (box.shared / "evil.tar").unlink()


def test_tar_says_what_is_wrong(box: Box) -> None:
    (box.shared / "junk").write_bytes(BIG[:10_000])
    assert box.run("tar -xf nosuch.tar").code == 1
    assert "Unrecognized archive format" in box.run("tar -tf C:\\t\\junk").err
    assert box.run("tar").code == 1
    (box.shared / "junk").unlink()
