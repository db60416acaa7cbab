import pytest

from transom.errors import InvalidParameter, NotFound, NotSupported, TransomError
from transom.volumes.volume import check_options, check_volume_name, is_bind


def test_directory_of_the_host_is_a_legal_volume() -> None:
    options = {"type": "none", "o": "bind", "device": "/srv"}

    check_options("data", "local", options)

    assert is_bind(options)


@pytest.mark.parametrize(
    ("driver", "options", "error"),
    [
        ("nfs", {}, NotFound),
        ("local", {"size": "1"}, InvalidParameter),
        ("local", {"type": "tmpfs", "device": "tmpfs"}, NotSupported),
        ("local", {"type": "nfs", "o": "addr=1.2.3.4", "device": ":/x"}, NotSupported),
        ("local", {"type": "none", "o": "bind,ro", "device": "/x"}, NotSupported),
        ("local", {"type": "none", "o": "bind"}, InvalidParameter),
        ("local", {"type": "none", "o": "bind", "device": "relative"}, InvalidParameter),
    ],
)
def test_other_drivers_and_options_are_refused(driver: str, options: dict[str, str], error: type[TransomError]) -> None:
    with pytest.raises(error):
        check_options("data", driver, options)


@pytest.mark.parametrize("name", ["", "x", "a/b", "../up", "a b", ".hidden", "a\nb"])
def test_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameter):
        check_volume_name(name)
