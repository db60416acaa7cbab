"""HTTPS of Windows programs: they trust the host's authorities, the engine's, and those in an image's root store."""

import http.server
import shutil
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.batch import SERVERCORE
from tests.support.compiled import compiled
from tests.support.engine import Engine
from tests.support.windows import COMPILER, PROBE, ensure_probe_image

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox", "openssl", COMPILER),
    pytest.mark.timeout(600),
]
NAME = "www.private.example"
HTTPS = "C:\\t\\https.exe"


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers 204 to whatever is asked, and says nothing of it."""

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class' name)
        pass


@dataclass(frozen=True, slots=True)
class Site:
    """A server with a certificate of an authority that nobody knows."""

    directory: Path
    port: int


def openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with compiled(("https", ("winhttp", "crypt32")), ("schannel", ("ws2_32", "secur32"))) as directory:
        key, days = ("-newkey", "rsa:2048", "-nodes"), ("-days", "7")
        openssl(
            directory, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", *days, "-subj", "/CN=Private CA"
        )
        openssl(directory, "x509", "-in", "ca.crt", "-outform", "DER", "-out", "ca.der")
        openssl(directory, "req", *key, "-keyout", "key.pem", "-out", "site.csr", "-subj", f"/CN={NAME}")
        (directory / "names").write_text(f"subjectAltName=DNS:{NAME}\n")
        issuer = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
        openssl(directory, "x509", "-req", "-in", "site.csr", *issuer, *days, "-out", "site.crt")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "site.crt", directory / "key.pem")
        with http.server.ThreadingHTTPServer(("0.0.0.0", 0), Answer) as server:
            server.socket = context.wrap_socket(server.socket, server_side=True)
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield Site(directory, server.server_port)
            server.shutdown()
            thread.join()


def script(engine: Engine, site: Site, *commands: str, image: str = PROBE, options: tuple[str, ...] = ()) -> list[str]:
    """Run commands of https.exe in a container that finds the site; return what they print."""
    gateway = engine.docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "bridge").out.strip()
    line = " & ".join(f"{HTTPS} {command}" for command in commands)
    mounts = ("-v", f"{site.directory}:C:\\t:ro", "--add-host", f"{NAME}:{gateway}")
    run = ("run", *(options or ("--rm",)), "--user", "ContainerAdministrator", *mounts, image)
    return engine.docker(*run, "cmd", "/c", line, check=False).out.split("\n")


def count_of(line: str) -> int:
    return int(line.split()[1])


def test_image_brings_its_own_authority(probed: Engine, site: Site) -> None:
    get = f"get {NAME} {site.port}"
    before, refused, after, taken = (
        line.strip()
        for line in script(
            probed, site, "count", get, "trust C:\\t\\ca.der", "count", get, options=("--name", "trusting")
        )[:4]
    )
    restarted = probed.docker("start", "-a", "trusting", check=False).out.split("\n")
    probed.docker("commit", "trusting", "trusts")
    probed.docker("rm", "trusting")
    layer_keeps = script(probed, site, get, "count", image="trusts")
    probed.docker("rmi", "trusts")

    assert count_of(before) > 5  # Microsoft's, and those of the host
    assert refused.startswith("error 12")
    assert count_of(after) == count_of(before) + 1
    assert taken == "status 204"
    assert restarted[1].strip() == "status 204"
    assert layer_keeps[0].strip() == "status 204"
    assert layer_keeps[1].strip() == after


def test_authority_of_the_configuration(site: Site) -> None:
    directory = Path(tempfile.mkdtemp(prefix="tt-"))
    try:
        with Engine(directory, options=("--windows-ca", str(site.directory / "ca.crt"))) as engine:
            scratch = directory / "probe"
            scratch.mkdir()
            ensure_probe_image(engine, scratch)
            assert script(engine, site, f"get {NAME} {site.port}")[0].strip() == "status 204"
    finally:
        shutil.rmtree(directory)


def test_authority_that_certutil_adds_in_a_build_is_trusted(probed: Engine, site: Site, tmp_path: Path) -> None:
    shutil.copy(site.directory / "ca.crt", tmp_path)
    (tmp_path / "Dockerfile").write_text(
        f"FROM {SERVERCORE}\nCOPY ca.crt C:/ca.crt\nRUN certutil -addstore -f root C:\\ca.crt\n"
    )
    gateway = probed.docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "bridge").out.strip()
    options = ("--rm", "--add-host", f"{NAME}:{gateway}")
    ask = ("curl", "-sS", "-o", "nul", "-w", "%{http_code}", f"https://{NAME}:{site.port}/")

    distrusted = probed.docker("run", *options, SERVERCORE, *ask, check=False)
    probed.docker("build", "-t", "trusting", str(tmp_path))
    trusted = probed.docker("run", *options, "trusting", *ask)
    other_name = probed.docker(
        "run", *options, "--add-host", f"other.example:{gateway}", "trusting", *ask[:-1],
        f"https://other.example:{site.port}/", check=False,
    )  # fmt: skip
    as_user = probed.docker("run", *options, "--user", "ContainerUser", "trusting", *ask)
    probed.docker("rmi", "trusting")

    assert (distrusted.code, distrusted.out) == (60, "000")
    assert "trust error" in distrusted.err
    assert (other_name.code, other_name.out) == (60, "000")
    assert trusted.out == as_user.out == "204"


UNTRUSTED_ROOT, WRONG_PRINCIPAL = "80090325", "80090322"


def test_schannel_checks_the_server_where_a_program_leaves_it_to_it(probed: Engine, site: Site, tmp_path: Path) -> None:
    """SCH_CRED_AUTO_CRED_VALIDATION, which is the default: Wine's own checks nothing."""
    shutil.copy(site.directory / "ca.crt", tmp_path)
    (tmp_path / "Dockerfile").write_text(
        f"FROM {SERVERCORE}\nCOPY ca.crt C:/ca.crt\nRUN certutil -addstore -f root C:\\ca.crt\n"
    )
    probed.docker("build", "-t", "trusting", str(tmp_path))
    gateway = probed.docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "bridge").out.strip()

    def ask(image: str, name: str, who_checks: str) -> str:
        argv = ("C:\\t\\schannel.exe", name, gateway, str(site.port), who_checks)
        return probed.docker("run", "--rm", "-v", f"{site.directory}:C:\\t:ro", image, *argv, check=False).out.strip()

    told = {
        (image, name, who): ask(image, name, who)
        for image, name, who in (
            (SERVERCORE, NAME, "auto"),
            (SERVERCORE, NAME, "manual"),
            ("trusting", NAME, "auto"),
            ("trusting", "other.example", "auto"),
        )
    }
    probed.docker("rmi", "trusting")

    assert told == {
        (SERVERCORE, NAME, "auto"): f"error {UNTRUSTED_ROOT}",
        (SERVERCORE, NAME, "manual"): "done",
        ("trusting", NAME, "auto"): "done",
        ("trusting", "other.example", "auto"): f"error {WRONG_PRINCIPAL}",
    }
