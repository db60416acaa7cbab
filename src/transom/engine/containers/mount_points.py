"""What a runtime makes in a root only to mount on it."""

from transom.containers.container import Container
from transom.engine.containers.start import INSIDE
from transom.guest import GuestOS


def mount_points(container: Container, guest: GuestOS) -> list[str]:
    """Return the paths below the root that a container's runtime makes only to mount on them."""
    targets = [*INSIDE.values(), "/dev", "/proc", "/sys", *(mount.target for mount in container.mounts)]
    found: list[str] = []
    for target in targets:
        path = guest.find_root_path(target)  # None: on another drive than the root's
        while path:
            found.append(path)
            path = path.rpartition("/")[0]
    return sorted(set(found))
