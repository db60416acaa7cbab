"""Files: what goes into and out of a container's root file system (`docker cp`, `docker export`)."""

from dataclasses import dataclass
from typing import Protocol

from transom.model.mount import Mount


@dataclass(frozen=True, slots=True)
class Root:
    """A root file system: of a running container, by a host path (`/proc/<pid>/root`), or one to be mounted.

    The mount is made where only the work at hand sees it; nobody else may have it mounted writable meanwhile.
    folds_case: names are looked up as Windows does.
    """

    path: str = ""
    mount: Mount | None = None
    folds_case: bool = False


@dataclass(frozen=True, slots=True)
class PathStat:
    """What `docker cp` asks first. mode: Go's os.FileMode. link_target: where a link leads, as a path in the root."""

    name: str
    size: int
    mode: int
    mtime_ns: int
    link_target: str = ""


@dataclass(frozen=True, slots=True)
class PutOptions:
    """How an archive is unpacked.

    keep_kind: a directory must not replace what is none, nor the other way round. owner: of everything that is made,
    None for what the archive says.
    """

    keep_kind: bool = False
    owner: tuple[int, int] | None = None


class Files(Protocol):
    """Works below a root, in a process that cannot leave it; paths are `/`-separated, from the root."""

    async def stat(self, root: Root, path: str) -> PathStat:
        """Return what is at path, the last link not followed unless path ends in `/` or `/.`.

        Raises:
            NotFound: nothing is; the text is path.
        """
        ...

    async def get(self, root: Root, path: str, target: int) -> None:
        """Write a tar of path to descriptor target, its entries named from path's last component.

        Raises:
            NotFound: nothing is there; the text is path.
        """
        ...

    async def put(self, root: Root, path: str, source: int, options: PutOptions) -> None:
        """Unpack the tar behind descriptor source (plain or compressed) into directory path.

        Raises:
            NotFound: path is not there; the text is path. InvalidParameter: it is no directory, or the archive is
                broken or hostile, or options forbid a replacement.
        """
        ...

    async def export(self, root: Root, target: int) -> None:
        """Write a tar of the whole root to descriptor target, without what is mounted in it."""
        ...
