"""A registry on loopback: Debian's docker-registry, with its files below a test's directory."""

import base64
import gzip
import hashlib
import json
import queue
import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.support.engine import PROGRAMS
from tests.support.images import Made

USER, PASSWORD = "tester", "secret"
_HTPASSWD = f"{USER}:$2b$04$juJxhYJTuy4fY1i4yJOrg.xL9gcax5jIfLw.ICO2PMntj0BZgsjlS\n"
_LISTENING = re.compile(r"listening on [0-9.]+:(\d+)")
_TYPES = ", ".join(
    f"application/vnd.{name}+json"
    for name in (
        "oci.image.index.v1", "oci.image.manifest.v1", "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    )
)  # fmt: skip
_DOCKER_TYPES = (
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_OCI_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.manifest.v1+json",
)
"""Of configurations, layers and manifests."""


@dataclass(frozen=True)
class LocalRegistry:
    """A running registry; host is `address:port`, authority the certificate of who signed its own."""

    host: str
    directory: Path
    authority: Path | None = None
    auth: bool = False

    def get(self, path: str) -> tuple[bytes, Mapping[str, str]]:
        """Return the content and the headers of a path below /v2/."""
        request = Request(
            f"{'https' if self.authority else 'http'}://{self.host}/v2/{path}", headers={"Accept": _TYPES}
        )
        if self.auth:
            request.add_header("Authorization", "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
        context = ssl.create_default_context(cafile=str(self.authority)) if self.authority else None
        with urlopen(request, timeout=10, context=context) as answer:
            return answer.read(), {name.lower(): value for name, value in answer.headers.items()}

    def options(self) -> list[str]:
        """Return what skopeo and buildah want to be told of it."""
        found = ["--creds", f"{USER}:{PASSWORD}"] if self.auth else []
        return [*found, "--cert-dir", str(self.authority.parent)] if self.authority else [*found, "--tls-verify=false"]

    def manifest(self, repository: str, target: str) -> dict[str, Any]:
        """Return a manifest or index."""
        found: dict[str, Any] = json.loads(self.get(f"{repository}/manifests/{target}")[0])
        return found

    def blobs(self, repository: str) -> set[str]:
        """Return the digests that are linked into a repository."""
        links = self.directory / "data/docker/registry/v2/repositories" / repository / "_layers/sha256"
        return {f"sha256:{entry.name}" for entry in links.iterdir()} if links.exists() else set()

    def log(self) -> str:
        """Return what it wrote."""
        return (self.directory / "log").read_text(encoding="utf-8")


def docker_registry() -> str:
    """Return Debian's registry: the system's, else the one that script/setup took out of its package."""
    program = shutil.which("docker-registry") or str(PROGRAMS / "docker-registry")
    if not Path(program).exists():
        raise RuntimeError("no docker-registry; run script/setup --dev")
    return program


@contextmanager
def local_registry(
    directory: Path,
    *,
    auth: bool = False,
    tls: tuple[Path, Path] | None = None,
    authority: Path | None = None,
    address: str = "127.0.0.1",
    options: Mapping[str, Any] | None = None,
) -> Iterator[LocalRegistry]:
    """Run a registry until the block ends. tls: certificate and key. options: more of its configuration.

    authority: whose certificate a client of this registry must trust; alone in its directory.
    """
    program = docker_registry()
    directory.mkdir(parents=True, exist_ok=True)
    http: dict[str, Any] = {"addr": f"{address}:0", "secret": "a-secret"}
    if tls is not None:
        http["tls"] = {"certificate": str(tls[0]), "key": str(tls[1])}
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": False}},
        "storage": {"filesystem": {"rootdirectory": str(directory / "data")}, "delete": {"enabled": True}},
        "http": http,
        **(options or {}),
    }
    if auth:
        (directory / "htpasswd").write_text(_HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "tests", "path": str(directory / "htpasswd")}}
    (directory / "config.yml").write_text(json.dumps(config))  # JSON is YAML
    process = subprocess.Popen(
        [program, "serve", str(directory / "config.yml")], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    ports: queue.Queue[int] = queue.Queue()
    reader = threading.Thread(target=_keep_log, args=(process, directory / "log", ports))
    reader.start()
    try:
        port = ports.get(timeout=30)
        if not port:
            raise RuntimeError(f"docker-registry did not start: {(directory / 'log').read_text()}")
        yield LocalRegistry(f"{address}:{port}", directory, authority, auth)
    finally:
        process.terminate()
        process.wait(10)
        reader.join()


def _keep_log(process: "subprocess.Popen[bytes]", path: Path, ports: "queue.Queue[int]") -> None:
    """Write down what the registry says, and tell its port: 0 if it ends without one."""
    assert process.stdout is not None
    with process.stdout, path.open("wb", buffering=0) as log:
        for line in process.stdout:
            log.write(line)
            if match := _LISTENING.search(line.decode()):
                ports.put(int(match[1]))
    ports.put(0)


def certify(directory: Path, address: str) -> tuple[Path, Path, Path]:
    """Make an authority and a certificate of its for an address or a name; return its own, the certificate, the key."""
    trusted = directory / "trusted"
    trusted.mkdir(parents=True)
    authority, certificate, key = trusted / "ca.crt", directory / "cert.pem", directory / "key.pem"
    kind = "IP" if address[0].isdigit() else "DNS"
    (directory / "names").write_text(f"subjectAltName={kind}:{address}\n")
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for arguments in (
        ["req", "-x509", *made, "-days", "2", "-keyout", "ca.key", "-out", str(authority), "-subj", "/CN=authority"],
        ["req", *made, "-keyout", str(key), "-out", "request", "-subj", "/CN=registry"],
        ["x509", "-req", "-in", "request", "-CA", str(authority), "-CAkey", "ca.key", "-CAserial", "serial",
         "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", str(certificate)],
    ):  # fmt: skip
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)
    return authority, certificate, key


def publish(registry: LocalRegistry, repository: str, tag: str, image: Made, *, docker: bool = True) -> dict[str, Any]:
    """Put an image into a registry with plain requests, layers gzip-compressed, and return its manifest.

    docker: with Docker's media types, as Microsoft's images have them; else with OCI's.
    """

    def put(data: bytes, media_type: str) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        begun = Request(f"http://{registry.host}/v2/{repository}/blobs/uploads/", data=b"", method="POST")
        with urlopen(begun, timeout=10) as answer:
            where = f"{answer.headers['Location']}&digest={digest}"
        octets = {"Content-Type": "application/octet-stream"}
        with urlopen(Request(where, data=data, method="PUT", headers=octets), timeout=10):
            return {"mediaType": media_type, "digest": digest, "size": len(data)}

    config, layer, whole = _DOCKER_TYPES if docker else _OCI_TYPES
    manifest = {
        "schemaVersion": 2,
        "mediaType": whole,
        "config": put(image.config, config),
        "layers": [put(gzip.compress(each, 1, mtime=0), layer) for each in image.layers],
    }
    target = f"http://{registry.host}/v2/{repository}/manifests/{tag}"
    raw = json.dumps(manifest).encode()
    with urlopen(Request(target, data=raw, method="PUT", headers={"Content-Type": whole}), timeout=10):
        return manifest


def publish_index(registry: LocalRegistry, repository: str, tag: str, *images: Made) -> str:
    """Put images of several platforms into a registry under one tag, and return their index' digest."""
    entries = []
    for number, image in enumerate(images):
        config = json.loads(image.config)
        raw = json.dumps(publish(registry, repository, f"{tag}-{number}", image, docker=False)).encode()
        platform = {key: config[key] for key in ("os", "architecture", "os.version") if key in config}
        digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        entries.append({"mediaType": _OCI_TYPES[2], "digest": digest, "size": len(raw), "platform": platform})
    media_type = "application/vnd.oci.image.index.v1+json"
    raw = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": entries}).encode()
    target = f"http://{registry.host}/v2/{repository}/manifests/{tag}"
    with urlopen(Request(target, data=raw, method="PUT", headers={"Content-Type": media_type}), timeout=10):
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"
