"""`transom image rebase`: an image put on another Windows base by the engine."""

import sys

from transom.cli import flags as flag
from transom.cli.command import ONE, Command
from transom.cli.flags import Values
from transom.cli.output import progress
from transom.cli.session import Session
from transom.client.engine import segment
from transom.model.reference import parse_reference


def _rebase(session: Session, values: Values, names: list[str]) -> None:
    onto = values.text("onto")
    headers = {"X-Registry-Auth": session.config.registry_auth(parse_reference(onto).domain)} if onto else {}
    path = f"/transom/images/{segment(names[0])}/rebase"
    ids: list[str] = []
    messages = session.client.events("POST", path, {"onto": onto or None}, headers=headers)
    progress.show(messages, sys.stderr, on_aux=lambda aux: ids.append(str(aux.get("ID", ""))))
    print(*ids)


REBASE = Command(
    "[OPTIONS] IMAGE",
    "Put a Windows image on another base, without a rebuild",
    _rebase,
    (flag.text("onto", "Reference of the base (the one that the image was built for where not given)"),),
    ONE,
    long=(
        "Put a Windows image on another base, without a rebuild.\n\n"
        "An image that was built where Microsoft's registry could not be reached stands on the engine's own\n"
        "base alone, and cannot be pushed. Its layers are put on the real base here: its manifest is read from\n"
        "its registry, the base's layers are not downloaded. Names that led to the image lead to the new one."
    ),
)
