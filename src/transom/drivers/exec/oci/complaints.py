"""What crun and runc say when a program cannot be started, in Docker's words."""

import re
from collections.abc import Sequence

from transom.errors import StartFailed

_MISSING = re.compile(r"not found|no such file or directory", re.IGNORECASE)
_DENIED = re.compile(r"permission denied|operation not permitted|is a directory|exec format error", re.IGNORECASE)
_DIRECTORY = re.compile(r"is a directory|open executable: operation not permitted|is not a regular file", re.IGNORECASE)
_ABOUT_PROGRAM = re.compile(
    r"open executable|executable file|exec: |exec format error|is not a regular file|it is not executable",
    re.IGNORECASE,
)
"""crun's and runc's words for the program itself; else a refusal is one of the kernel's on the way there."""


def start_failed(text: str, args: Sequence[str], *, exec_: bool = False) -> StartFailed:
    """Turn the runtime's complaint into Docker's text, from which clients make exit codes."""
    text = text.strip().removeprefix("Error: ")
    name = args[0] if args else ""
    if _DENIED.search(text) and _ABOUT_PROGRAM.search(text) and name:
        # crun says of a directory that opening it is not permitted.
        kind = "is a directory: " if _DIRECTORY.search(text) else ""
        code, reason = 126, f'exec: "{name}": {kind}permission denied'
    elif _MISSING.search(text) and name and name in text:
        code = 127
        reason = (
            f'exec: "{name}": stat {name}: no such file or directory'
            if "/" in name
            else f'exec: "{name}": executable file not found in $PATH'
        )
    else:
        code = 127 if _MISSING.search(text) else 126 if _DENIED.search(text) else 128
        reason = text
    if exec_:
        return StartFailed(
            f"OCI runtime exec failed: exec failed: unable to start container process: {reason}",
            exit_code=code,
        )
    return StartFailed(
        "failed to create task for container: failed to create shim task: OCI runtime create failed: "
        f"unable to start container process: {reason}",
        exit_code=code,
    )
