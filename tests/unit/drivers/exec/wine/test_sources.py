"""apt's configuration → a Debian mirror and proxies."""

from pathlib import Path

import pytest

from transom.drivers.exec.wine.base.sources import choose_proxy, find_mirror, mirrors, paragraphs, proxies
from transom.errors import InvalidParameter

DEB822 = """\
# our mirror
Types: deb deb-src
URIs: http://mirror.example/debian/
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


def test_deb822_mirror_is_found_and_security_is_not() -> None:
    assert list(dict.fromkeys(mirrors(DEB822, deb822=True))) == ["http://mirror.example/debian"]


def test_deb822_disabled_paragraph_is_passed_over() -> None:
    assert list(mirrors("Enabled: no\n" + DEB822.partition("\n")[2].split("\n\n")[0], deb822=True)) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("deb http://deb.example/debian trixie main", ["http://deb.example/debian"]),
        (
            "deb [arch=amd64 signed-by=/k.gpg] https://deb.example/debian/ bookworm main non-free",
            ["https://deb.example/debian"],
        ),
        ("# deb http://deb.example/debian trixie main", []),
        ("deb-src http://deb.example/debian trixie main", []),
        ("deb http://archive.example/ubuntu noble main", []),
        ("deb http://deb.example/debian-security trixie-security main", []),
        ("deb http://deb.example/debian trixie contrib", []),
        ("deb file:/srv/debian trixie main", []),
        ("deb https://other.example/debian nodistro main", []),
    ],
)
def test_one_line_sources(line: str, found: list[str]) -> None:
    assert list(mirrors(line, deb822=False)) == found


def test_paragraphs_join_folded_lines() -> None:
    fields = list(paragraphs("A: 1\nB:\n x\n y\n\n# c\nA: 2\n"))
    assert fields == [{"a": "1", "b": "\nx\ny"}, {"a": "2"}]


def test_find_mirror_reads_both_kinds_of_files(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://archive.example/ubuntu noble main\n")
    (tmp_path / "sources.list.d" / "debian.sources").write_text(DEB822)
    assert find_mirror(tmp_path) == "http://mirror.example/debian"


def test_find_mirror_without_debian_names_the_flag(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://archive.example/ubuntu noble main\n")
    with pytest.raises(InvalidParameter, match="--mirror"):
        find_mirror(tmp_path)


def test_apt_proxies_in_their_simple_form() -> None:
    text = 'Acquire::http::Proxy "http://proxy:3142";\n// Acquire::https::Proxy "x";\nAcquire::https::Proxy "DIRECT";\n'
    assert proxies(text) == {"http": "http://proxy:3142"}


def test_environment_proxy_goes_before_apts_and_no_proxy_before_both() -> None:
    apt = {"http": "http://apt:1"}
    assert choose_proxy("http://a.example/debian", environment={}, apt=apt) == "http://apt:1"
    assert choose_proxy("http://a.example/x", environment={"http_proxy": "http://env:2"}, apt=apt) == "http://env:2"
    exempt = {"http_proxy": "http://env:2", "no_proxy": "localhost,.example"}
    assert choose_proxy("http://a.example/x", environment=exempt, apt=apt) is None
    assert choose_proxy("http://a.other/x", environment=exempt, apt=apt) == "http://env:2"
