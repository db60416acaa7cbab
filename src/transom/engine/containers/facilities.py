"""What container use cases need from images, networks and volumes: their faces towards each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from transom.containers.container import Container
from transom.wire.containers import Config, EndpointSettings


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What a container takes from its image.

    snapshot: name of the committed snapshot of its topmost layer, empty where it has no layer that is unpacked.
    base: digest of the Windows base it was built on, empty for the engine's choice.
    """

    id: str
    reference: str
    os: str
    architecture: str
    os_version: str
    snapshot: str
    config: Config
    base: str = ""


class Images(Protocol):
    """Finds images."""

    async def facts(self, reference: str, platform: str) -> ImageFacts:
        """Return the image that reference names for platform (`os/arch`, empty for whichever fits).

        Raises:
            NoSuchImage: there is none here.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A container's network as it runs.

    network_path: the namespace for the runtime, `host` for the host's. files: name → text of `hosts`, `resolv.conf`.
    keep_fds: sockets for the container's monitor to inherit, so that its ports stay taken while the engine restarts.
    """

    network_path: str
    endpoints: Mapping[str, EndpointSettings] = field(default_factory=dict)
    ports: Mapping[str, list[dict[str, str]]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    keep_fds: tuple[int, ...] = ()


class Sandboxes(Protocol):
    """Makes and releases the networks of containers."""

    async def check(self, container: Container) -> Container:
        """Return container with its networks looked up.

        Raises:
            NotFound: a network is unknown. InvalidParameter: the ports or addresses asked for cannot be.
        """
        ...

    async def attach(self, container: Container) -> Sandbox:
        """Make the network that container asks for.

        Raises:
            Conflict: an address or a port is taken. NotFound: a network, or the container to share with, is gone.
        """
        ...

    async def release(self, container: Container) -> None:
        """Undo attach; nothing there is no error."""
        ...

    async def recover(self, container: Container) -> None:
        """Take a running container's network over from an engine that is gone."""
        ...

    def renamed(self, container_id: str, before: str, after: str) -> None:
        """Answer to a container's new name from now on."""
        ...


class Bases(Protocol):
    """Chooses the Windows base for a container."""

    async def choose(self, wanted: str) -> str:
        """Return the digest of the base that wanted (digest, prefix, empty) names, made if there is none yet.

        Raises:
            NotFound: no base is called so.
        """
        ...
