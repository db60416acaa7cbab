"""Signed Release and Packages index."""

import pytest

from transom.drivers.exec.wine.base.archive import find_packages, parse_release, signed_text
from transom.errors import InvalidParameter

SUM = "a" * 64
RELEASE = f"""\
Origin: Debian
Codename: trixie
SHA256:
 {SUM} 123 main/binary-amd64/Packages.xz
 {"b" * 64}  7 main/binary-i386/Packages.xz
"""
INLINE = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{RELEASE}-----BEGIN PGP SIGNATURE-----\n\nxyz\n"


def entry(name: str, **changes: str) -> str:
    fields = {
        "Package": name,
        "Version": "1.2-3",
        "Architecture": "amd64",
        "Filename": f"pool/main/{name}_1.2-3_amd64.deb",
        "Size": "10",
        "SHA256": SUM,
    } | changes
    return "".join(f"{key}: {value}\n" for key, value in fields.items()) + "\n"


def test_signed_text_is_what_the_signature_covers() -> None:
    assert signed_text(INLINE) == RELEASE.rstrip("\n")


def test_signed_text_unescapes_dashes() -> None:
    assert signed_text(INLINE.replace("Origin", "- -Origin")).startswith("-Origin")


@pytest.mark.parametrize("text", ["", RELEASE, INLINE.partition("-----BEGIN PGP SIGNATURE")[0]])
def test_unsigned_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        signed_text(text)


def test_release_lists_files() -> None:
    listed = parse_release(RELEASE, codename="trixie")
    assert listed["main/binary-amd64/Packages.xz"].sha256 == SUM
    assert listed["main/binary-i386/Packages.xz"].size_bytes == 7


@pytest.mark.parametrize("old, new", [("trixie", "bookworm"), ("Debian", "Mallory"), ("SHA256:", "MD5Sum:")])
def test_release_of_another_archive_is_refused(old: str, new: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_release(RELEASE.replace(old, new), codename="trixie")


def test_packages_come_in_the_order_asked_for() -> None:
    whole = (entry("libz") + entry("liba") + entry("liba-dev")).encode()
    index = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    assert [each.name for each in find_packages(index, ["liba", "libz"])] == ["liba", "libz"]


def test_missing_package_is_named() -> None:
    with pytest.raises(InvalidParameter, match="no package libq"):
        list(find_packages([entry("liba").encode()], ["libq"]))


@pytest.mark.parametrize(
    "changes",
    [{"Filename": "../../etc/passwd"}, {"Filename": "/etc/passwd"}, {"SHA256": "xyz"}, {"Size": "many"}],
)
def test_malformed_entry_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter, match="malformed"):
        list(find_packages([entry("liba", **changes).encode()], ["liba"]))
