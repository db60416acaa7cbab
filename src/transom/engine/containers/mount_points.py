"""What is made in a root for a container to run: what is mounted on, and the sign that it is a container."""

from transom.containers.container import Container
from transom.engine.containers.start import INSIDE
from transom.execution.spec import CONTAINER_SIGN
from transom.guest import GuestOS


def mount_points(container: Container, guest: GuestOS) -> list[str]:
    """Return the paths below the root that are made for the container to run, empty; they belong to no layer."""
    targets = [*INSIDE.values(), CONTAINER_SIGN, "/dev", "/proc", "/sys", *(mount.target for mount in container.mounts)]
    found: list[str] = []
    for target in targets:
        path = guest.find_root_path(target)  # None: on another drive than the root's
        while path:
            found.append(path)
            path = path.rpartition("/")[0]
    return sorted(set(found))
