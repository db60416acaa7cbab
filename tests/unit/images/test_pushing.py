"""What a push consists of, and where blobs may come from."""

import pytest

from transom.errors import Conflict, NotFound
from transom.images.image import Image, Name
from transom.images.pushing import Pushed, check_rooted, homes, mounts, origins, plan
from transom.model.ids import Digest, ImageId
from transom.model.oci import Descriptor, ImageConfig, MediaType
from transom.model.platform import Platform
from transom.model.reference import parse_reference

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")


def digest(number: int) -> Digest:
    return Digest(f"sha256:{number:064x}")


def image(number: int, platform: Platform = AMD, *, layers: tuple[Descriptor, ...] = (), unrooted: str = "") -> Image:
    manifest = Descriptor(MediaType.OCI_MANIFEST, digest(100 + number), 1)
    return Image(ImageId(digest(number)), b"", ImageConfig(platform, unrooted=unrooted), manifest, layers, 0)


def name(target: Descriptor) -> Name:
    return Name("docker.io/team/app:1", target, "")


ONE, TWO = image(1), image(2, ARM)
INDEX = Descriptor(MediaType.OCI_INDEX, digest(9), 1)
ENTRIES = (ONE.manifest, TWO.manifest)


def test_a_manifest_is_pushed_as_it_is() -> None:
    assert plan(name(ONE.manifest), {AMD: ONE}, (), None) == Pushed(ONE.manifest, (ONE,))


def test_an_index_is_pushed_with_its_images() -> None:
    assert plan(name(INDEX), {AMD: ONE, ARM: TWO}, ENTRIES, None) == Pushed(INDEX, (ONE, TWO))


def test_a_platform_is_pushed_alone() -> None:
    assert plan(name(INDEX), {AMD: ONE, ARM: TWO}, ENTRIES, ARM) == Pushed(TWO.manifest, (TWO,))
    with pytest.raises(NotFound, match="does not provide the specified platform"):
        plan(name(INDEX), {AMD: ONE}, ENTRIES, ARM)


def test_a_part_of_an_index_goes_alone_if_it_is_one_image() -> None:
    partly = plan(name(INDEX), {AMD: ONE}, ENTRIES, None)
    assert partly == Pushed(INDEX, (ONE,), (TWO.manifest,))
    assert partly.alone() == Pushed(ONE.manifest, (ONE,), index=INDEX)
    with pytest.raises(NotFound, match="--platform"):
        Pushed(INDEX, (ONE, TWO), (Descriptor("", digest(5), 1),)).alone()


def test_an_index_that_is_not_here_goes_as_its_only_image() -> None:
    assert plan(name(INDEX), {AMD: ONE}, (), None) == Pushed(ONE.manifest, (ONE,), index=INDEX)


@pytest.mark.parametrize("layers", [(), (Descriptor("", digest(7), 0),)])
def test_an_image_without_a_real_base_is_refused(layers: tuple[Descriptor, ...]) -> None:
    bad = image(1, layers=layers, unrooted="" if layers else "mcr.microsoft.com/windows/nanoserver:ltsc2022")
    with pytest.raises(Conflict, match="`transom image rebase team/app:1"):
        check_rooted(bad, parse_reference("team/app:1"))
    check_rooted(ONE, parse_reference("team/app:1"))


def test_blobs_come_from_where_images_with_them_were() -> None:
    layer = Descriptor(MediaType.OCI_LAYER_GZIP, digest(7), 1)
    holder, target = image(1, layers=(layer,)), parse_reference("one.example/team/app:1")
    places = [(f"{host}/{path}", digest(8)) for host, path in (("two.example", "a"), ("one.example", "b"))]
    found = homes(layer.digest, [(holder, [*places, ("one.example/team/app", digest(8))]), (ONE, [("x/y", digest(8))])])

    assert [str(home) for home in found] == ["one.example/b", "one.example/team/app", "two.example/a"]
    assert mounts(target, found) == ["b"]
    assert [str(home) for home in origins(target, found)][:2] == ["one.example/b", "two.example/a"]
    assert origins(target, found)[-1].domain == "mcr.microsoft.com"
