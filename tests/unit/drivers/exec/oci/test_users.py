"""Who a container's program runs as."""

import pytest

from transom.drivers.exec.oci.users import User, find_user
from transom.errors import InvalidParameter

FILES = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:Web:/srv:/bin/sh\nbroken\nbad:x:NaN:1::/:/\n",
    "/etc/group": "root:x:0:\nweb:x:34:\nextra:x:50:web,other\nmore:x:51:\n",
}


def find(text: str, *groups: str) -> User:
    return find_user(text, groups, lambda path: FILES.get(path, ""))


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("", User(0, 0, (0,), "/root")),
        ("root", User(0, 0, (0,), "/root")),
        ("web", User(33, 34, (34, 50), "/srv")),
        ("33", User(33, 34, (34, 50), "/srv")),
        ("1000", User(1000, 0, (0,), "/")),
        ("1000:2000", User(1000, 2000, (2000,), "/")),
        ("web:more", User(33, 51, (51,), "/srv")),
        (":more", User(0, 51, (51,), "/root")),
    ],
)
def test_found(text: str, user: User) -> None:
    assert find(text) == user


def test_further_groups_by_name_and_number() -> None:
    assert find("web", "more", "7").groups == (34, 7, 50, 51)


def test_image_without_files_has_root() -> None:
    assert find_user("", (), lambda path: "") == User(0, 0, (0,), "/")


@pytest.mark.parametrize("text", ["nobody", "web:none", "4294967296", "0:4294967296", "bad"])
def test_who_is_nobody_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter):
        find(text)
