"""JSON of the Engine API's tag Image, API 1.51.

Source: Engine API v1.51, ImageList, ImageInspect, ImageHistory, ImageDelete, ImagePrune, ImageCommit.
"""

from typing import Any

import msgspec

from transom.wire.oci import DescriptorJson, PlatformJson, RunConfigJson
from transom.wire.shape import Shape


class ManifestSize(Shape):
    """Content is what the blobs hold, Total with what is unpacked of them."""

    content: int
    total: int


class UnpackedSize(Shape):
    """What an image's layers hold."""

    unpacked: int


class ManifestImageData(Shape):
    """What a manifest is the manifest of."""

    platform: PlatformJson
    size: UnpackedSize
    containers: list[str] = []


class ManifestSummary(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One manifest of an image; `--tree` shows them."""

    ID: str
    Descriptor: DescriptorJson
    Available: bool
    Size: ManifestSize
    Kind: str = msgspec.field(name="Kind")
    ImageData: ManifestImageData | None = None


class ImageSummary(msgspec.Struct, kw_only=True):
    """A row of `docker images`."""

    Containers: int = -1
    Created: int
    Id: str
    Labels: dict[str, str] | None = None
    ParentId: str = ""
    Descriptor: DescriptorJson | msgspec.UnsetType = msgspec.UNSET
    Manifests: list[ManifestSummary] | msgspec.UnsetType = msgspec.UNSET
    RepoDigests: list[str]
    RepoTags: list[str]
    SharedSize: int = -1
    Size: int
    VirtualSize: int | msgspec.UnsetType = msgspec.UNSET


class RootfsSummary(Shape):
    """The layers of an image."""

    type: str = "layers"
    layers: list[str] = []


class GraphDriver(Shape):
    """Where an image's files are; the paths are the engine's own business."""

    data: dict[str, str] | None
    name: str


class Metadata(Shape):
    """What the engine itself knows of an image."""

    last_tag_time: str


class TransomDetails(Shape):
    """What only this engine says of an image.

    Unrooted: the reference of the Windows base whose real layers are unknown. BaseLayers: how many first layers are
    Microsoft's, and replaced by the engine's base; AbsentLayers: those of them whose blobs are not here either.
    Base: digest of the engine's base that the image was built on.
    """

    unrooted: str = ""
    base_layers: int = 0
    absent_layers: list[str] = []
    base: str = ""


class ImageInspect(msgspec.Struct, kw_only=True):
    """`docker image inspect`."""

    Id: str
    RepoTags: list[str]
    RepoDigests: list[str]
    Parent: str
    Comment: str
    Created: str | msgspec.UnsetType
    DockerVersion: str
    Author: str
    Config: RunConfigJson | dict[str, Any]
    Architecture: str
    Variant: str | msgspec.UnsetType = msgspec.UNSET
    Os: str
    OsVersion: str | msgspec.UnsetType = msgspec.UNSET
    Size: int
    VirtualSize: int | msgspec.UnsetType = msgspec.UNSET
    GraphDriver: GraphDriver
    RootFS: RootfsSummary
    Metadata: Metadata
    Descriptor: DescriptorJson | msgspec.UnsetType = msgspec.UNSET
    Manifests: list[ManifestSummary] | msgspec.UnsetType = msgspec.UNSET
    Transom: TransomDetails | msgspec.UnsetType = msgspec.UNSET


class HistoryItem(Shape):
    """A row of `docker history`."""

    id: str
    created: int
    created_by: str
    tags: list[str] | None
    size: int
    comment: str


class DeleteItem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line of what a removal did."""

    Untagged: str = ""
    Deleted: str = ""


class ImagesPruned(Shape):
    """The answer to prune."""

    images_deleted: list[DeleteItem] | None
    space_reclaimed: int


class CommitResponse(Shape):
    """The answer to commit."""

    id: str


LEGACY_CONFIG: dict[str, Any] = {
    "Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": False, "AttachStderr": False,
    "Tty": False, "OpenStdin": False, "StdinOnce": False, "Env": None, "Cmd": None, "Image": "", "Volumes": None,
    "WorkingDir": "", "Entrypoint": None, "OnBuild": None, "Labels": None,
}  # fmt: skip
"""Members of Config that an image never had a value for, and API versions below 1.50 show nevertheless."""
