"""What a build is asked for, after checking."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from transom.build.parser import Dockerfile, parse
from transom.errors import InvalidParameter
from transom.images.registry import CredentialsFor, nobody
from transom.model.platform import Platform
from transom.model.reference import Reference, parse_reference
from transom.wire.containers import HostConfig

DEFAULT_DOCKERFILE = "Dockerfile"
MAX_DOCKERFILE = 16 << 20


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """One build.

    host: limits and network of the containers that RUN makes.
    remove, force_remove: whether the containers of RUNs go away: after a success, always.
    cache_from: images whose steps may be taken over, beside the engine's own cache.
    """

    tags: tuple[Reference, ...] = ()
    dockerfile: str = DEFAULT_DOCKERFILE
    target: str = ""
    build_args: Mapping[str, str | None] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    use_cache: bool = True
    cache_from: tuple[str, ...] = ()
    pull: bool = False
    credentials: CredentialsFor = nobody
    remove: bool = True
    force_remove: bool = False
    host: HostConfig = field(default_factory=HostConfig)


def parse_tags(names: list[str]) -> tuple[Reference, ...]:
    """Return the references that `t` names, each once.

    Raises:
        InvalidParameter: one is malformed or has a digest.
    """
    found: dict[str, Reference] = {}
    for name in filter(None, names):
        reference = parse_reference(name)
        if reference.digest:
            raise InvalidParameter("build tag cannot contain a digest")
        reference = reference.with_default_tag()
        found[str(reference)] = reference
    return tuple(found.values())


def read_dockerfile(name: str, data: bytes | None) -> Dockerfile:
    """Return the Dockerfile that the context holds under name.

    Raises:
        InvalidParameter: there is none, or it is none.
    """
    if data is None:
        raise InvalidParameter(f"Cannot locate specified Dockerfile: {name}")
    if not data:
        raise InvalidParameter(f"the Dockerfile ({name}) cannot be empty")
    try:
        return parse(data.decode("utf-8", "replace"))
    except InvalidParameter as exc:
        raise InvalidParameter(f"failed to parse {name}: {exc}") from None
