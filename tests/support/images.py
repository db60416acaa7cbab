"""Images made on the spot: busybox from Debian's busybox-static, and small ones with whatever layers a test wants.

`busybox_archive(path)` writes what `docker save busybox` would; `write_archive` takes any images in the form a test
needs (Docker's old archive, the one of today with an OCI layout inside, a bare OCI layout).
"""

import gzip
import hashlib
import io
import json
import lzma
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import zstandard

from transom.model.platform import host_architecture
from transom.model.reference import parse_reference

BUSYBOX = "/bin/busybox"
CREATED = "2024-01-02T03:04:05.6Z"


@dataclass(frozen=True)
class Member:
    """One entry of a layer; kind is tarfile's type."""

    name: str
    data: bytes = b""
    kind: bytes = tarfile.REGTYPE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    link: str = ""
    device: tuple[int, int] = (0, 0)
    pax: Mapping[str, str] = field(default_factory=dict)
    mtime: float = 1_700_000_000


def file(name: str, data: bytes | str = b"", *, mode: int = 0o644, **more: Any) -> Member:
    """Return a regular file."""
    return Member(name, data.encode() if isinstance(data, str) else data, mode=mode, **more)


def directory(name: str, *, mode: int = 0o755, **more: Any) -> Member:
    """Return a directory."""
    return Member(name, kind=tarfile.DIRTYPE, mode=mode, **more)


def symlink(name: str, target: str, **more: Any) -> Member:
    """Return a symbolic link."""
    return Member(name, kind=tarfile.SYMTYPE, mode=0o777, link=target, **more)


def hardlink(name: str, target: str, *, mode: int = 0o644) -> Member:
    """Return a hard link to another entry; mode is what tar writes for it, and unpacking sets it on the file."""
    return Member(name, kind=tarfile.LNKTYPE, link=target, mode=mode)


def layer(*members: Member) -> bytes:
    """Return a tar of members, in the order given and unchecked: hostile names are welcome."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.type, info.mode, info.uid, info.gid = member.kind, member.mode, member.uid, member.gid
            info.linkname, info.mtime, info.size = member.link, member.mtime, len(member.data)
            info.devmajor, info.devminor = member.device
            info.pax_headers = dict(member.pax)
            archive.addfile(info, io.BytesIO(member.data))
    return out.getvalue()


@dataclass(frozen=True)
class Made:
    """An image as its parts: names, the config as JSON, layers as uncompressed tars."""

    config: bytes
    layers: tuple[bytes, ...]
    names: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return the image's ID."""
        return digest(self.config)

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """Return the layers' digests."""
        return tuple(digest(data) for data in self.layers)


def digest(data: bytes) -> str:
    """Return data's sha256 digest."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def make(
    *layers: bytes,
    names: Iterable[str] = (),
    os: str = "linux",
    architecture: str = "",
    os_version: str = "",
    config: Mapping[str, Any] | None = None,
    history: Iterable[Mapping[str, Any]] | None = None,
) -> Made:
    """Return an image of layers; config is what `docker inspect` shows under Config."""
    if history is None:
        history = [{"created": CREATED, "created_by": f"layer {number}"} for number in range(len(layers))]
    document: dict[str, Any] = {
        "architecture": architecture or host_architecture(),
        "os": os,
        "created": CREATED,
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [digest(data) for data in layers]},
        "history": list(history),
    }
    if os_version:
        document["os.version"] = os_version
    return Made(json.dumps(document).encode(), layers, tuple(names))


def child_of(base: Made, own: bytes) -> Made:
    """Return what a Windows host builds on base."""
    config = json.loads(base.config)
    config["rootfs"]["diff_ids"].append(digest(own))
    config["history"].append({"created_by": "COPY app.exe"})
    config["config"] = {"Cmd": ["app"]}
    return Made(json.dumps(config).encode(), (*base.layers, own))


def _entry(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def _compressed(data: bytes, compression: str) -> tuple[bytes, str]:
    match compression:
        case "gzip":
            return gzip.compress(data, 1, mtime=0), "+gzip"
        case "zstd":
            return zstandard.compress(data), "+zstd"
        case _:
            return data, ""


def _put_oci(archive: tarfile.TarFile, images: Iterable[Made], compression: str) -> list[dict[str, Any]]:
    """Write blobs, index.json and oci-layout; return what manifest.json says of the images."""
    written: set[str] = set()
    index: list[dict[str, Any]] = []
    listing: list[dict[str, Any]] = []

    def blob(data: bytes) -> str:
        name = "blobs/sha256/" + digest(data).removeprefix("sha256:")
        if name not in written:
            written.add(name)
            _entry(archive, name, data)
        return name

    for image in images:
        layers, paths = [], []
        for data in image.layers:
            packed, suffix = _compressed(data, compression)
            paths.append(blob(packed))
            media_type = "application/vnd.oci.image.layer.v1.tar" + suffix
            layers.append({"mediaType": media_type, "digest": digest(packed), "size": len(packed)})
        config = {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": image.id,
            "size": len(image.config),
        }
        media_type = "application/vnd.oci.image.manifest.v1+json"
        manifest = {"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers}
        raw = json.dumps(manifest).encode()
        blob(raw)
        listing.append({"Config": blob(image.config), "RepoTags": list(image.names) or None, "Layers": paths})
        for name in image.names or ("",):
            full = str(parse_reference(name).with_default_tag()) if name else ""
            notes = {"io.containerd.image.name": full, "org.opencontainers.image.ref.name": full.rpartition(":")[2]}
            entry: dict[str, Any] = {"mediaType": media_type, "digest": digest(raw), "size": len(raw)}
            index.append(entry | ({"annotations": notes} if name else {}))
    _entry(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    top = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": index}
    _entry(archive, "index.json", json.dumps(top).encode())
    return listing


def _put_legacy(archive: tarfile.TarFile, images: Iterable[Made], compression: str) -> list[dict[str, Any]]:
    """Write the archive of Docker 1.10 to 24: `<config>.json` and `<layer>/layer.tar`."""
    listing: list[dict[str, Any]] = []
    written: set[str] = set()
    for image in images:
        paths = []
        for data in image.layers:
            packed, _ = _compressed(data, compression)
            paths.append(f"{digest(data).removeprefix('sha256:')}/layer.tar")
            if paths[-1] not in written:
                written.add(paths[-1])
                _entry(archive, paths[-1], packed)
        config = image.id.removeprefix("sha256:") + ".json"
        _entry(archive, config, image.config)
        listing.append({"Config": config, "RepoTags": list(image.names) or None, "Layers": paths})
    return listing


def write_archive(path: str, *images: Made, form: str = "docker", compression: str = "", outer: str = "") -> None:
    """Write images to path.

    form: `docker` (OCI layout and manifest.json, as Docker 25 and later), `legacy`, `oci` (no manifest.json).
    compression: of the layers, `gzip`, `zstd` or none. outer: of the whole file, also `xz`.
    """
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        put = _put_legacy if form == "legacy" else _put_oci
        listing = put(archive, images, compression)
        if form != "oci":
            _entry(archive, "manifest.json", json.dumps(listing).encode())
    data = lzma.compress(out.getvalue(), preset=0) if outer == "xz" else _compressed(out.getvalue(), outer)[0]
    with open(path, "wb") as target:
        target.write(data)


@cache
def busybox_layer() -> bytes:
    """Return the layer of a busybox image: the static program, its applets as links, and the usual directories."""
    with open(BUSYBOX, "rb") as program:
        members = [directory("bin"), file("bin/busybox", program.read(), mode=0o755)]
    listed = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True).stdout.split()
    members += [hardlink(f"bin/{name}", "bin/busybox", mode=0o755) for name in sorted(set(listed) - {"busybox"})]
    for name, mode in {"dev": 0o755, "home": 0o755, "proc": 0o555, "root": 0o700, "sys": 0o555, "tmp": 0o1777}.items():
        members.append(directory(name, mode=mode))
    members += [directory("usr"), symlink("usr/bin", "../bin"), symlink("usr/sbin", "../bin"), symlink("sbin", "bin")]
    members += [directory("var"), directory("var/spool"), directory("var/www"), directory("etc")]
    members.append(file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/home:/bin/false\n"))
    members.append(file("etc/group", "root:x:0:\nwheel:x:10:\nnogroup:x:65534:\n"))
    return layer(*members)


def busybox(name: str = "busybox:latest", **config: Any) -> Made:
    """Return the busybox image; config overrides entries of its Config."""
    defaults = {"Cmd": ["sh"], "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}
    return make(busybox_layer(), names=[name], config=defaults | config)


def busybox_archive(path: str | os.PathLike[str], name: str = "busybox:latest", **config: Any) -> Made:
    """Write a docker-archive of busybox to path and return the image.

    Raises:
        RuntimeError: busybox is not installed, or not static.
    """
    if not shutil.which("busybox", path="/bin:/usr/bin"):
        raise RuntimeError("tests need Debian's busybox-static")
    image = busybox(name, **config)
    write_archive(os.fspath(path), image)
    return image
