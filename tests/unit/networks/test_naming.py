import pytest

from transom.errors import InvalidParameter
from transom.networks.naming import Naming
from transom.networks.network import check_name, check_options

CONTAINER = "0123456789abcdef" * 4


@pytest.mark.parametrize("instance", ["transom", "transom-a1b2c3", "x"])
def test_names_fit_and_are_recognised(instance: str) -> None:
    naming = Naming(instance)
    names = [naming.default_bridge, naming.bridge("n", CONTAINER), naming.veth(CONTAINER, 35, 35)]
    assert all(len(name) <= 15 for name in names)
    assert naming.is_stray_veth(names[2], [])
    assert not naming.is_stray_veth(names[2], [CONTAINER])
    assert naming.is_stray_bridge(names[1], [])
    assert not naming.is_stray_bridge(names[1], [names[1]])
    assert not naming.is_stray_bridge("docker0", [])


def test_two_instances_share_no_name() -> None:
    one, two = Naming("transom"), Naming("transom-a1b2c3")
    assert not one.is_stray_veth(two.veth(CONTAINER, 0), [])
    assert not one.is_stray_bridge(two.bridge("n", CONTAINER), [])
    assert one.table != two.table
    assert one.mark != two.mark


@pytest.mark.parametrize("instance", ["", "Upper", "a" * 15, "1x", "a b", "a;b"])
def test_instance_that_cannot_name_links_is_refused(instance: str) -> None:
    with pytest.raises(InvalidParameter):
        Naming(instance)


@pytest.mark.parametrize("name", ["", " ", "-a", "a b", "a/b", "ä"])
def test_network_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameter):
        check_name(name)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("com.docker.network.bridge.enable_icc", "maybe"),
        ("com.docker.network.driver.mtu", "12"),
        ("com.docker.network.bridge.host_binding_ipv4", "x"),
        ("com.docker.network.bridge.name", "much-too-long-a-name"),
        ("com.docker.network.bridge.unheard_of", "1"),
    ],
)
def test_option_that_is_not_understood_is_refused(key: str, value: str) -> None:
    with pytest.raises(InvalidParameter):
        check_options({key: value})
