import msgspec
from tests.support.images import file, layer, make

from transom.api.convert_images import grouped, inspect_shape, summary_shape
from transom.engine.images.inspect import Inspected
from transom.engine.images.list import Listed
from transom.images.document import read_config
from transom.images.image import Image
from transom.model.ids import Digest, ImageId
from transom.model.oci import Descriptor
from transom.model.reference import parse_reference

MANIFEST = Descriptor("application/vnd.oci.image.manifest.v1+json", Digest("sha256:" + "a" * 64), 7)


def image(**config: object) -> Image:
    made = make(layer(file("a")), config=config)
    return Image(ImageId(made.id), made.config, read_config(made.config), MANIFEST, (), 5)


def shown(value: object) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode(msgspec.json.encode(value))
    return found


def test_rows_of_old_versions_have_what_those_had() -> None:
    row = Listed(image(), (), (), ())
    new, old = shown(summary_shape(row, (1, 51))), shown(summary_shape(row, (1, 24)))
    assert (new["RepoTags"], new["RepoDigests"], new["Containers"], new["Labels"]) == ([], [], -1, None)
    assert "VirtualSize" not in new
    assert (old["RepoTags"], old["RepoDigests"]) == (["<none>:<none>"], ["<none>@<none>"])
    assert old["VirtualSize"] == 5


def test_rows_with_manifests_describe_them() -> None:
    row = Listed(image(), (parse_reference("a:1"),), (), ())
    found = shown(summary_shape(row, (1, 51), manifests=True))["Manifests"]
    assert isinstance(found, list)
    assert found[0]["Descriptor"]["platform"]["os"] == "linux"
    assert found[0]["Available"] is True
    assert found[0]["ImageData"]["Size"]["Unpacked"] == 5


def test_inspect_shows_the_short_config_from_1_50_on() -> None:
    found = Inspected(image(Cmd=["a"], Labels={"k": "v"}), (parse_reference("a:1"),), (), "2024-01-01T00:00:00Z")
    new, old = shown(inspect_shape(found, (1, 51))), shown(inspect_shape(found, (1, 49)))
    assert new["Config"] == {"Cmd": ["a"], "Labels": {"k": "v"}}
    assert old["Config"]["Hostname"] == ""  # type: ignore[index]
    assert old["Config"]["Cmd"] == ["a"]  # type: ignore[index]
    assert "Transom" not in new
    assert (new["RepoTags"], new["Metadata"]) == (["a:1"], {"LastTagTime": "2024-01-01T00:00:00Z"})


def test_tags_with_the_same_variants_share_a_row() -> None:
    one, other, nameless = (image(Cmd=[name]) for name in ("one", "two", "nameless"))
    both, alone = parse_reference("both:1"), parse_reference("alone:1")
    listed = [Listed(one, (both, alone), (), ("c1",)), Listed(other, (both,), (), ()), Listed(nameless, (), (), ())]
    rows = grouped([summary_shape(each, (1, 51), manifests=True) for each in listed])

    assert [(row.RepoTags, len(row.Manifests or ())) for row in rows] == [(["both:1"], 2), (["alone:1"], 1), ([], 1)]
    assert rows[0].Size == 2 * rows[1].Size == 2 * (5 + MANIFEST.size + len(one.raw_config))
    assert shown(rows[1])["Manifests"][0]["ImageData"]["Containers"] == ["c1"]  # type: ignore[index]
