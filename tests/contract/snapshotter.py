"""What every Snapshotter must do: inherit, and give the fixture `snapshots`."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from transom.errors import Conflict, NotFound
from transom.snapshots.snapshotter import Snapshotter


class SnapshotterContract:
    """The suite; put_file must make a file in an active snapshot as its container would."""

    @pytest.fixture
    async def snapshots(self, tmp_path: Path) -> AsyncIterator[Snapshotter]:
        """Give an empty snapshotter."""
        raise NotImplementedError
        yield

    async def put_file(self, snapshots: Snapshotter, key: str, name: str) -> None:
        """Make a file in key."""
        (Path(await snapshots.upper_dir(key)) / name).write_text(name)

    async def stack(self, snapshots: Snapshotter) -> None:
        """Commit `one`, and `two` on top of it."""
        for name, parent in (("one", ""), ("two", "one")):
            await snapshots.prepare("work", parent)
            await self.put_file(snapshots, "work", name)
            await snapshots.commit(name, "work")

    async def test_prepare_twice_is_conflict(self, snapshots: Snapshotter) -> None:
        await snapshots.prepare("key", "")
        with pytest.raises(Conflict):
            await snapshots.prepare("key", "")
        assert list(await snapshots.list()) == ["key"]

    async def test_prepare_on_unknown_or_active_parent_is_not_found(self, snapshots: Snapshotter) -> None:
        await snapshots.prepare("key", "")
        for parent in ("missing", "key"):
            with pytest.raises(NotFound):
                await snapshots.prepare("other", parent)
        assert list(await snapshots.list()) == ["key"]

    async def test_commit_makes_a_parent_of_it(self, snapshots: Snapshotter) -> None:
        await self.stack(snapshots)
        assert sorted(await snapshots.list()) == ["one", "two"]
        assert await snapshots.exists("two")
        assert not await snapshots.exists("work")
        await snapshots.prepare("key", "two")
        assert await snapshots.parent("key") == "two"
        mount = await snapshots.mounts("key")
        assert [os.listdir(lower) for lower in mount.lowers] == [["two"], ["one"]]

    async def test_commit_of_a_name_that_exists_removes_the_key(self, snapshots: Snapshotter) -> None:
        await self.stack(snapshots)
        await snapshots.prepare("key", "one")
        await snapshots.commit("two", "key")
        assert sorted(await snapshots.list()) == ["one", "two"]

    async def test_commit_of_unknown_or_committed_is_refused(self, snapshots: Snapshotter) -> None:
        await self.stack(snapshots)
        with pytest.raises(NotFound):
            await snapshots.commit("three", "missing")
        with pytest.raises(Conflict):
            await snapshots.commit("three", "two")

    async def test_mounts_of_a_committed_one_is_refused(self, snapshots: Snapshotter) -> None:
        await self.stack(snapshots)
        with pytest.raises(Conflict):
            await snapshots.mounts("one")
        with pytest.raises(NotFound):
            await snapshots.mounts("missing")

    async def test_view_is_read_only_and_of_nothing_is_empty(self, snapshots: Snapshotter) -> None:
        await self.stack(snapshots)
        view = await snapshots.view("two")
        assert view.readonly
        assert not view.upper
        empty = await snapshots.view("")
        assert empty.readonly
        assert os.listdir(empty.source) == []

    async def test_usage_is_of_the_snapshot_alone(self, snapshots: Snapshotter) -> None:
        await self.stack(snapshots)
        usage = await snapshots.usage("two")
        assert (usage.size_bytes, usage.inodes) == (3, 1)
        await snapshots.prepare("key", "two")
        assert (await snapshots.usage("key")).size_bytes == 0
        await self.put_file(snapshots, "key", "three")
        assert (await snapshots.usage("key")).size_bytes == 5

    async def test_remove_with_children_is_conflict(self, snapshots: Snapshotter) -> None:
        await self.stack(snapshots)
        await snapshots.prepare("key", "two")
        for name in ("one", "two"):
            with pytest.raises(Conflict):
                await snapshots.remove(name)
        for name in ("key", "two", "one"):
            await snapshots.remove(name)
        assert list(await snapshots.list()) == []

    async def test_remove_is_idempotent_and_frees_the_key(self, snapshots: Snapshotter) -> None:
        await snapshots.remove("never")
        for _ in range(2):
            await snapshots.prepare("key", "")
            await self.put_file(snapshots, "key", "old")
            await snapshots.remove("key")
            await snapshots.remove("key")
        await snapshots.prepare("key", "")
        assert os.listdir(await snapshots.upper_dir("key")) == []
