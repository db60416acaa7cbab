"""Workers that stand still while somebody waits for a container."""

import time
from collections.abc import Iterator

import pytest

from transom.host import precedence
from transom.host.precedence import Courtesy, Precedence


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Precedence]:
    """Return a page that this process looks at, too; work is held up from its first moment on."""
    made = Precedence()
    monkeypatch.setattr(precedence, "_FREE_S", 0.0)
    monkeypatch.setattr(precedence, "_page", None)
    precedence.share(made.fd)
    yield made
    assert precedence._page is not None
    precedence._page.close()
    made.close()
    made.close()


def test_give_way_stands_still_once_asked_and_not_before(asked: Precedence) -> None:
    courtesy = Courtesy()
    courtesy.give_way()
    assert courtesy._works_until < time.monotonic()  # it has not stood still
    asked.ask()
    until = time.monotonic() + 0.9 * precedence._HURRY_S
    courtesy.give_way()
    assert time.monotonic() >= until


def test_give_way_works_on_for_a_time_after_each_pause(asked: Precedence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precedence, "_PART_AT_WORK", 1000.0)
    courtesy = Courtesy()
    asked.ask()
    courtesy.give_way()
    asked.ask()
    until = courtesy._works_until
    courtesy.give_way()
    assert courtesy._works_until == until > time.monotonic()


def test_give_way_waits_for_nobody_where_no_page_is_shared() -> None:
    assert precedence._page is None
    Courtesy().give_way()
