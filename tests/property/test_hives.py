"""Registry hives: what is written is read, and whatever else comes ends soon, read or refused."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.hives import Node, hive, seal

from transom.drivers.exec.wine.hives import changes_of
from transom.drivers.exec.wine.registry import load_delta
from transom.errors import InvalidParameter
from transom.images.regf import read_hive

NAMES = st.text(st.characters(codec="utf-16-le", exclude_characters="\\\0"), min_size=1, max_size=12)


class _Long(bytes):
    """A value in several parts, with a short repr."""

    def __repr__(self) -> str:
        return f"bytes({len(self)})"


LONG = _Long(40_000)
DATA = st.none() | st.tuples(st.integers(0, 12), st.binary(max_size=40) | st.just(LONG))
TREES = st.recursive(
    st.builds(Node, st.dictionaries(NAMES, DATA, max_size=3)),
    lambda below: st.builds(
        Node, st.dictionaries(NAMES, DATA, max_size=2), st.dictionaries(NAMES, below, max_size=4), st.integers(0, 3)
    ),
    max_leaves=8,
)


def meaning(name: tuple[str, ...], node: Node) -> list[object]:
    values = [(each, (0, b"", True) if found is None else (*found, False)) for each, found in node.values.items()]
    found: list[object] = [(name, node.semantics, values)]
    for each, below in node.keys.items():
        found += meaning((*name, each), below)
    return found


@given(TREES)
def test_hives_are_read_as_written(root: Node) -> None:
    found = [
        (key.path, key.semantics, [(v.name, (v.kind, v.data, v.deleted)) for v in key.values])
        for key in read_hive(hive(root), "h")
    ]
    assert found == meaning((), root)


@given(TREES)
def test_changes_are_a_delta_that_is_taken(root: Node) -> None:
    data, _ = changes_of({"Software_Delta": hive(root)})
    if data:
        load_delta(data)


@settings(max_examples=300)
@given(TREES, st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4))
def test_a_damaged_hive_is_read_or_refused(root: Node, damage: list[tuple[float, bytes]]) -> None:
    data = bytearray(hive(root))
    for where, noise in damage:
        at = int(where * (len(data) - len(noise)))
        data[at : at + len(noise)] = noise
    with contextlib.suppress(InvalidParameter):
        changes_of({"Software_Delta": seal(bytes(data))})
