"""Moves ahead of moves: into the group that this process is in, for a while, and not where nothing can be written."""

import os
import threading
from pathlib import Path

from transom.host.cgroup_moves import CgroupMoves


def moving() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "cgroup moves"]


def first_group(root: Path) -> Path:
    _, controllers, path = Path("/proc/self/cgroup").read_text().splitlines()[0].split(":", 2)
    group = root / controllers.removeprefix("name=").partition(",")[0] / path.lstrip("/")
    group.mkdir(parents=True)
    return group / "cgroup.procs"


def test_this_process_moves_to_where_it_is_and_stops_by_itself(tmp_path: Path) -> None:
    procs = first_group(tmp_path)
    procs.touch()
    moves = CgroupMoves(tmp_path)

    for _ in range(2):  # a second round begins where the first has ended
        moves.expect()
        moves.expect()
        for thread in moving():
            thread.join(timeout=30)
        assert not moving()
        written = procs.read_text()
        assert written
        assert set(written.split(str(os.getpid()))) == {""}
        procs.write_text("")


def test_nothing_is_begun_without_a_group_to_write(tmp_path: Path) -> None:
    CgroupMoves(tmp_path).expect()

    assert not moving()
