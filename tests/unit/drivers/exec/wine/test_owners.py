"""The range of users that Windows containers run as, and how files on the host fall into it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transom.drivers.exec.wine.owners import COUNT, Owners, choose, taken_on_host
from transom.errors import InvalidParameter
from transom.model.mount import IdMap

OWNERS = Owners(1 << 30)


def kernel_id(mapping: tuple[IdMap, ...], disk: int) -> int | None:
    found = [each.outside + disk - each.inside for each in mapping if 0 <= disk - each.inside < each.length]
    assert len(found) <= 1
    return found[0] if found else None


@given(owner=st.integers(0, 2**32 - 2), others=st.lists(st.integers(0, COUNT - 1), max_size=20))
def test_owner_is_user_0_inside_and_everybody_has_a_place_of_his_own(owner: int, others: list[int]) -> None:
    mapping = OWNERS.owned_by(owner)
    everybody = set(others) | {0, 1, COUNT - 1, owner}
    places = [place for disk in everybody if (place := kernel_id(mapping, disk)) is not None]

    assert kernel_id(mapping, owner) == OWNERS.first
    assert len(places) == len(set(places))
    assert all(OWNERS.first <= place < OWNERS.first + COUNT for place in places)
    assert len(places) >= len(everybody) - (owner >= COUNT)  # root's place is then the owner's


def test_range_stays_and_keeps_clear_of_others() -> None:
    first = choose("transom", [])

    assert choose("transom", []) == first
    assert choose("transom-1", []) != first
    assert choose("transom", [(first.first + 7, 1)]) == Owners(first.first + COUNT)
    assert first.first % COUNT == 0


def test_ranges_of_the_host_are_read_whatever_the_files_hold(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("root:x:0:0::/:/bin/sh\n\nbroken\nme:x:70000:5::/:\n+nis\n")
    (tmp_path / "subuid").write_text("me:100000:65536\nodd:line\n")

    assert sorted(taken_on_host(tmp_path)) == [(0, 1), (70000, 1), (100000, 65536)]


def test_source_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidParameter, match="No such file"):
        OWNERS.of_directory(str(tmp_path / "gone"))
