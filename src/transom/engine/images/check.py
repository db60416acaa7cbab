"""`transom check`: what an image's programs lack, before they run."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from transom.engine.images.lookup import LookupImage
from transom.errors import InvalidParameter
from transom.execution.bases import BaseStore
from transom.execution.checking import Checked, CheckSpec, ProgramChecker
from transom.guest import GuestOS, guest_for
from transom.snapshots.snapshotter import Snapshotter

_PATH = "PATH"


@dataclass(frozen=True, slots=True)
class CheckImage:
    """GET /transom/images/{name}/check."""

    lookup: LookupImage
    snapshots: Snapshotter
    bases: BaseStore
    checker: ProgramChecker

    async def __call__(self, text: str, program: str = "") -> Checked:
        """Return what program, or every program of the image, lacks.

        Raises:
            NoSuchImage: there is no such image. NotFound: no such program, or no base.
            InvalidParameter: the image is for a system that has programs of another form, or program is no program.
        """
        image = self.lookup(text).image
        guest = guest_for(image.platform.os)
        if not guest.keeps_registry:
            raise InvalidParameter(f"{text} is not a Windows image: only programs of Windows can be checked")
        config = image.config.config
        directory = config.working_dir or guest.default_workdir
        view = await self.snapshots.view(image.snapshot)
        base = (await self.bases.get(image.base)).digest
        names = (_name(guest, directory, program),) if program else ()
        layers = view.lowers or (view.source,)
        return await self.checker.check(CheckSpec(layers, base, names, _path(guest, directory, config.env)))


def _name(guest: GuestOS, directory: str, program: str) -> str:
    """Return a path below the root, or a bare name."""
    if not re.search(r"[\\/:]", program):
        return program
    return guest.root_path(guest.join(directory, program))


def _path(guest: GuestOS, directory: str, env: Sequence[str]) -> tuple[str, ...]:
    values = [value for name, _, value in (each.partition("=") for each in env) if name.upper() == _PATH]
    directories = map(guest.find_root_path, filter(None, [directory, *(values[-1].split(";") if values else ())]))
    return tuple(each for each in directories if each is not None)
