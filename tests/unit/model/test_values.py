"""Platforms, digests, IDs, moments."""

import pytest

from transom.errors import InvalidParameter
from transom.model.digest import digest_of, hex_of, parse_digest
from transom.model.ids import new_id
from transom.model.moment import human_duration, parse_moment, print_moment_ns
from transom.model.platform import Platform, host_architecture, parse_platform


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/x86_64", Platform("linux", "amd64")),
        ("Linux/ARM64/v8", Platform("linux", "arm64", "v8")),
        ("arm64", Platform("linux", "arm64")),
        ("windows", Platform("windows", host_architecture())),
        ("windows(10.0.20348)/amd64", Platform("windows", "amd64", "", "10.0.20348")),
        ("windows(10.0.17763.1+win32k)/amd64", Platform("windows", "amd64", "", "10.0.17763.1")),
    ],
)
def test_platform(text: str, platform: Platform) -> None:
    assert parse_platform(text) == platform
    assert parse_platform(platform.full) == platform


@pytest.mark.parametrize(
    "text", ["", "/", "a/b/c/d", "linux/", "plan9", "li nux", "windows(10/amd64", "windows(x)/amd64"]
)
def test_no_platform(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_platform(text)


def test_digest() -> None:
    digest = digest_of(b"x")
    assert parse_digest(digest) == digest
    assert len(hex_of(digest)) == 64


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha512:" + "0" * 64, "sha256:" + "A" * 64, "sha256:" + "0" * 64 + "\n"]
)
def test_no_digest(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_digest(text)


def test_new_id_is_no_number() -> None:
    found = {new_id() for _ in range(200)}
    assert len(found) == 200
    assert all(len(each) == 64 and not each[:12].isdecimal() for each in found)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"), (3600, "About an hour"),
     (86400 * 3, "3 days"), (86400 * 21, "3 weeks"), (86400 * 70, "2 months"), (86400 * 800, "2 years")],
)  # fmt: skip
def test_rough_time(seconds: int, text: str) -> None:
    assert human_duration(seconds) == text


def test_moments() -> None:
    assert print_moment_ns(int(parse_moment("2024-01-02T03:04:05.5Z") * 10**9)) == "2024-01-02T03:04:05.5Z"
    assert parse_moment("0001-01-01T00:00:00Z") == parse_moment("yesterday") == 0.0
