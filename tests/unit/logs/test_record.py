"""Lines of the monitor's log."""

import pytest

from transom.logs.record import LogRecord, nanoseconds_of, parse_line, parse_lines, utc_time

TIME = b"2026-01-02T03:04:05.123456789+00:00"


def test_whole_and_partial_lines() -> None:
    block = TIME + b" stdout F out\n" + TIME + b" stderr P part \n" + TIME + b" stderr F \n"

    assert list(parse_lines(block)) == [
        LogRecord(TIME, 1, b"out\n"),
        LogRecord(TIME, 2, b"part "),
        LogRecord(TIME, 2, b"\n"),
    ]


@pytest.mark.parametrize("line", [b"", b"junk", TIME + b" stdin F x", TIME + b" stdout F"])
def test_what_is_no_record_is_passed_over(line: bytes) -> None:
    assert parse_line(line) is None


def test_times_keep_nine_digits_and_are_shown_in_utc() -> None:
    assert nanoseconds_of(TIME) % 10**9 == 123456789
    assert utc_time(TIME) == b"2026-01-02T03:04:05.123456789Z"
    assert utc_time(b"2026-01-02T03:04:05.5+02:00") == b"2026-01-02T01:04:05.500000000Z"
