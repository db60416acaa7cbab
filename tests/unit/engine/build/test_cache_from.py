"""Steps taken over from another image's history."""

from dataclasses import replace

from tests.support.steps import layer, linux_image

from transom.engine.build.cachefrom import CacheSource
from transom.model.oci import HistoryEntry


def test_next_step_of_the_same_beginning_is_taken_over() -> None:
    before = linux_image()
    step = HistoryEntry("2026-01-01T00:00:00Z", "/bin/sh -c make")
    after = replace(
        before,
        diff_ids=(*before.diff_ids, layer("made"), layer("later")),
        history=(step, HistoryEntry("2026-01-02T00:00:00Z", "later")),
    )
    source = CacheSource(after)
    changed = replace(before, config=replace(before.config, user="me"))
    taken = source.after(before, changed, "/bin/sh -c make")
    assert taken is not None
    assert taken.diff_ids == (*before.diff_ids, layer("made"))
    assert taken.history == (step,)
    assert taken.config.user == "me"
    assert source.after(before, changed, "/bin/sh -c other") is None
    assert source.after(replace(before, diff_ids=(layer("else"),)), changed, "/bin/sh -c make") is None
    assert source.after(after, after, "/bin/sh -c more") is None


def test_history_without_its_layer_is_not_believed() -> None:
    before = linux_image()
    broken = replace(before, history=(HistoryEntry("", "/bin/sh -c make"),))
    assert CacheSource(broken).after(before, before, "/bin/sh -c make") is None
