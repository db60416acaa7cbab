import pytest

from transom.errors import InvalidParameter, NotSupported, TransomError
from transom.logs.options import check_log, rotation_of
from transom.logs.record import nanoseconds_of
from transom.logs.store import Rotation
from transom.wire.containers import LogConfig


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, None),
        ({"max-size": "10m"}, Rotation(10 << 20, 1)),
        ({"max-size": "1.5k", "max-file": "3"}, Rotation(1536, 3)),
        ({"max-size": "512"}, Rotation(512, 1)),
        ({"max-size": "-1"}, None),
        ({"max-file": "1"}, None),
    ],
)
def test_limits_are_read(options: dict[str, str], wanted: Rotation | None) -> None:
    config = LogConfig(type="json-file", config=options)

    check_log(config)

    assert rotation_of(config) == wanted


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        ("nope", {}, InvalidParameter),
        ("json-file", {"nope": "1"}, InvalidParameter),
        ("none", {"max-size": "1m"}, InvalidParameter),
        ("json-file", {"max-size": "big"}, InvalidParameter),
        ("json-file", {"max-size": "0"}, InvalidParameter),
        ("json-file", {"max-size": "1m", "max-file": "0"}, InvalidParameter),
        ("json-file", {"max-file": "x"}, InvalidParameter),
        ("json-file", {"max-file": "2"}, InvalidParameter),
        ("json-file", {"mode": "sideways"}, InvalidParameter),
        ("json-file", {"compress": "true"}, NotSupported),
        ("json-file", {"labels": "a"}, NotSupported),
    ],
)
def test_what_cannot_be_is_refused(kind: str, options: dict[str, str], error: type[TransomError]) -> None:
    with pytest.raises(error):
        check_log(LogConfig(type=kind, config=options))


def test_times_keep_their_nanoseconds() -> None:
    assert nanoseconds_of(b"2026-01-01T00:00:00.123456789+00:00") == 1767225600123456789
    assert nanoseconds_of(b"2026-01-01T01:00:00.5+01:00") == 1767225600500000000
