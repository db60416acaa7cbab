"""Which certificate authorities a Windows container trusts."""

import base64
import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from transom.drivers.exec.wine import authorities
from transom.drivers.exec.wine.authorities import ROOT_STORE, Authorities, check_file, own_certificates
from transom.errors import InvalidParameter

ONE, OTHER = b"0\x03\x02\x01\x01", b"0\x03\x02\x01\x02"


def pem(*certificates: bytes) -> bytes:
    return b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(each) + b"-----END CERTIFICATE-----\n"
        for each in certificates
    )


def store(*certificates: bytes) -> bytes:
    """Return a registry file with the certificates in its root store, long values on two lines."""
    text = 'WINE REGISTRY Version 2\n\n[Software\\\\Other] 1\n@="x"\n'
    for each in certificates:
        blob = (3).to_bytes(4, "little") + bytes([1, 0, 0, 0, 2, 0, 0, 0]) + b"ab"
        blob += (32).to_bytes(4, "little") + bytes([1, 0, 0, 0]) + len(each).to_bytes(4, "little") + each
        digits = ",".join(f"{byte:02x}" for byte in blob)
        text += f"\n[{ROOT_STORE}\\\\{hashlib.sha1(each).hexdigest().upper()}] 1\n#time=1\n"
        text += f'"Blob"=hex:{digits[:30]}\\\n  {digits[30:]}\n'
    return text.encode() + b'\n[Software\\\\Then] 1\n"Blob"=hex:00\n'


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "host.crt"
    path.write_bytes(pem(ONE))
    monkeypatch.setattr(authorities, "_HOST_BUNDLES", (str(tmp_path / "none"), str(path)))
    return path


def test_bundle_follows_the_host(host: Path, tmp_path: Path) -> None:
    extra = tmp_path / "extra.crt"
    extra.write_bytes(pem(OTHER))
    made = Authorities(tmp_path / "made", [str(extra)])
    first = made.bundle()
    again = made.bundle()
    host.write_bytes(pem(ONE, ONE))
    later = made.bundle()

    assert first is not None
    assert first == again != later
    assert first.read_bytes() == pem(ONE) + pem(OTHER)
    assert {f"{ROOT_STORE}\\\\{hashlib.sha1(each).hexdigest()}".lower() for each in (ONE, OTHER)} <= made.keys()


def test_containers_that_start_at_once_find_one_bundle(
    host: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, rename = 4, Path.rename
    started = threading.Barrier(at_once)
    never = threading.Event()

    def renamed(self: Path, target: Path) -> Path:
        never.wait(0.05)  # time for the others to write the same part file
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", renamed)
    found = Authorities(tmp_path / "made")

    def bundle() -> Path | None:
        started.wait()
        return found.bundle()

    with ThreadPoolExecutor(at_once) as pool:
        made = {task.result() for task in [pool.submit(bundle) for _ in range(at_once)]}
    assert len(made) == 1
    assert [path.suffix for path in (tmp_path / "made").iterdir()] == [".crt"]


def test_no_bundle_where_nobody_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorities, "_HOST_BUNDLES", ())

    assert Authorities(tmp_path / "made").bundle() is None


@pytest.mark.usefixtures("host")
def test_own_certificates_are_trusted_too(tmp_path: Path) -> None:
    made = Authorities(tmp_path / "made")
    place = tmp_path / "own.crt"

    assert made.with_own(store(ONE), place) == made.bundle()
    assert made.with_own(store(ONE, OTHER), place) == place
    assert place.read_bytes() == pem(ONE) + pem(OTHER)


@pytest.mark.parametrize(
    "registry",
    [
        b"",
        store()[:-10],
        ROOT_STORE.encode(),
        f'[{ROOT_STORE}\\\\{"A" * 40}]\n"Blob"=hex:20,00,00,00,01,00,00,00,ff,ff,ff'.encode(),
        f'[{ROOT_STORE}\\\\{"A" * 40}]\n"Blob"=hex:03,00,00,00,01,00,00,00,ff,ff,ff,ff'.encode(),
    ],
)
def test_broken_store_has_none(registry: bytes) -> None:
    assert own_certificates(registry) == []


def test_configured_file_must_have_a_certificate(tmp_path: Path) -> None:
    (tmp_path / "no.crt").write_text("no")

    with pytest.raises(InvalidParameter, match="has no certificate"):
        check_file(str(tmp_path / "no.crt"))
    with pytest.raises(InvalidParameter, match="No such file"):
        check_file(str(tmp_path / "none.crt"))
