"""Windows' links as Linux has them, and as layers carry them."""

import pytest

from transom.images.windows_link import LinkKind, WindowsLink, read_link


@pytest.mark.parametrize(
    ("text", "link", "in_layer"),
    [
        ("../Data/a.txt", WindowsLink(LinkKind.RELATIVE, "../Data/a.txt"), "..\\Data\\a.txt"),
        ("Data/", WindowsLink(LinkKind.RELATIVE, "Data", directory=True), "Data"),
        ("././../Data/a.txt", WindowsLink(LinkKind.ABSOLUTE, "../Data/a.txt"), "C:\\Data\\a.txt"),
        ("./././../Data/", WindowsLink(LinkKind.JUNCTION, "../Data", directory=True), "C:\\Data"),
        ("././../../drives/d/x", WindowsLink(LinkKind.ABSOLUTE, "../../drives/d/x"), "D:\\x"),
        ("././..", WindowsLink(LinkKind.ABSOLUTE, ".."), "C:\\"),
    ],
)
def test_a_links_text_says_what_windows_knows(text: str, link: WindowsLink, in_layer: str) -> None:
    assert read_link(text) == link
    assert link.text() == text
    assert link.layer_target("App/link") == in_layer
