"""Registry deltas: what diff says, merge does."""

from hypothesis import given
from hypothesis import strategies as st

from transom.drivers.exec.wine import registry
from transom.drivers.exec.wine.registry import Key, Registry

NAMES = st.text("abcAB", min_size=1, max_size=3)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("\\\\".join)
DATA = st.text('xyz"\\ü\n', max_size=4).map(registry.quoted)
VALUES = st.dictionaries(NAMES.map(registry.quoted) | st.just("@"), DATA, max_size=3)


def branch(entries: dict[str, dict[str, str]]) -> registry.Branch:
    made: registry.Branch = {}
    for path, values in entries.items():
        key = made.setdefault(registry.fold(path), Key(path))
        key.values.update({registry.fold(name): (name, data) for name, data in values.items()})
    return made


BRANCHES = st.dictionaries(PATHS, VALUES, max_size=6).map(branch)
REGISTRIES = st.fixed_dictionaries({"system": BRANCHES, "user": BRANCHES})


def meaning(whole: Registry) -> object:
    """Return what a registry says: values by key; a key without values counts only where nothing is below it."""
    return {
        name: {
            path: {value: data for value, (_, data) in key.values.items()}
            for path, key in part.items()
            if key.values or not any(other != path and registry.is_within(other, path) for other in part)
        }
        for name, part in whole.items()
    }


@given(REGISTRIES)
def test_parse_undoes_print(whole: Registry) -> None:
    for name, part in whole.items():
        assert registry.parse(registry.print_branch(name, part)) == part


@given(REGISTRIES, REGISTRIES)
def test_merge_of_diff_gives_after(before: Registry, after: Registry) -> None:
    merged = registry.merge(before, registry.diff(before, after, base=""))
    assert meaning(merged) == meaning(after)


@given(REGISTRIES, REGISTRIES)
def test_merging_twice_is_merging_once(before: Registry, after: Registry) -> None:
    delta = registry.diff(before, after, base="")
    once = registry.merge(before, delta)
    assert registry.merge(once, delta) == once


@given(REGISTRIES, REGISTRIES)
def test_deltas_survive_their_json(before: Registry, after: Registry) -> None:
    delta = registry.diff(before, after, base="sha256:b")
    assert registry.load_delta(registry.dump_delta(delta)) == delta


@given(REGISTRIES, REGISTRIES)
def test_appended_text_is_a_merge_without_removals(before: Registry, after: Registry) -> None:
    delta = registry.diff(before, after, base="")
    if delta.only_sets:
        for name, part in before.items():
            text = registry.print_branch(name, part) + registry.appended(delta, name)
            assert registry.parse(text) == registry.merge(before, delta)[name]
