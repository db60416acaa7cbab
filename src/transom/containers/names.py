"""Container names: which are legal, and random ones for who gives none."""

import random
import re
from collections.abc import Callable

from transom.errors import Conflict, InvalidParameter

_LEGAL = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]+")

_LEFT_WORDS = """
    amber ample arched ashen azure balmy brave breezy bright brisk bronze calm candid clear cobalt coral crisp
    curious dapper deft eager earnest easy fair fleet fluent fond frank fresh gentle gilded glad golden grand
    hardy hazel hearty honest humble ivory jaunty jolly keen kind lively loyal lucid lunar mellow merry mild
    misty modest nimble noble olive opal patient pearly plucky polite proud quick quiet ready rosy ruddy sage
    sandy sharp silver sleek smart snug solar solid spry steady still stout sunny swift tidy trim true vivid
    warm wise witty young zesty
"""

_RIGHT_WORDS = """
    anchor bank barque beacon berth binnacle boom bosun bow bowsprit brig bulkhead buoy cabin capstan caravel
    catamaran clipper compass cove crest current cutter davit deck dinghy dock dory ebb fathom ferry frigate
    galley gangway gunwale halyard harbor hatch haven hawser helm hull inlet jetty jib junk keel ketch lagoon
    lantern lateen ledger lee lighthouse logbook lugger mainsail mast mizzen mooring oar packet pier pilot
    pinnace porthole quay rigging rudder schooner sextant shoal skiff sloop sounding spar spinnaker starboard
    stay tack tide tiller topsail trawler wake wharf winch windlass xebec yacht yawl
"""
_LEFT = _LEFT_WORDS.split()
_RIGHT = _RIGHT_WORDS.split()


def check_name(name: str) -> str:
    """Return name without a leading slash.

    Raises:
        InvalidParameter: it is not of Docker's form.
    """
    if not _LEGAL.fullmatch(name):
        raise InvalidParameter(f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
    return name.removeprefix("/")


def name_taken(name: str, owner_id: str) -> Conflict:
    """Return the error for a name that another container has."""
    return Conflict(
        f'Conflict. The container name "/{name}" is already in use by container "{owner_id}". '
        "You have to remove (or rename) that container to be able to reuse that name."
    )


def random_name(taken: Callable[[str], bool]) -> str:
    """Return an adjective and a ship's word that nobody has; a number is added if need be."""
    for attempt in range(1000):
        name = f"{random.choice(_LEFT)}_{random.choice(_RIGHT)}"  # not for secrets
        if attempt > 5:
            name += str(random.randrange(10 ** min(attempt // 5, 9)))
        if not taken(name):
            return name
    raise Conflict("no container name is free")
