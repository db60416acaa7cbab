"""When two steps are the same: same parent, same line of history, same platform, same Windows base."""

import hashlib
from collections.abc import Sequence

from transom.build.state import State


def step_key(state: State, created_by: str, *, pinned: str = "") -> str:
    """Return the key of a step on top of state.

    created_by: the step's line of history; it holds the command with the build arguments that count, or the digest
    of what is copied. pinned: digest of the Windows base that a program runs on.
    """
    platform = state.image.platform
    parts = (
        "1",
        state.image_id or f"scratch {platform}",
        created_by,
        f"{platform} {platform.os_version}",
        pinned,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def command_comment(shell: Sequence[str], comment: str) -> str:
    """Return the line of history of a step that only changes the configuration."""
    return " ".join((*shell, "#(nop) ", comment))


def files_comment(shell: Sequence[str], comment: str) -> str:
    """Return the line of history of COPY, ADD and WORKDIR."""
    return " ".join((*shell, f"#(nop) {comment}"))


def run_comment(args: Sequence[str], build_args: Sequence[str]) -> str:
    """Return the line of history of a RUN; `|2 A=1 B=2` in front tells the build arguments that it saw."""
    prefix = (f"|{len(build_args)}", *sorted(build_args)) if build_args else ()
    return " ".join((*prefix, *args))


def sources_digest(digests: Sequence[str]) -> str:
    """Return one text for what a COPY takes: the digest of its only source, or one over all."""
    if len(digests) == 1:
        return digests[0]
    return "multi:" + hashlib.sha256(",".join(digests).encode()).hexdigest()
