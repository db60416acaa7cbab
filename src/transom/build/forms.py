"""Shapes of commands and targets that need to know the guest: here-documents, `COPY … dir/`."""

import posixpath

from transom.build import instructions as it
from transom.build.heredoc import parse_heredoc
from transom.build.metadata import takes_one_line
from transom.build.state import State
from transom.errors import InvalidParameter, NotSupported


def needs_buildkit(flag: str) -> NotSupported:
    """Return the refusal of a flag that the classic builder does not have."""
    return NotSupported(
        f"the --{flag} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to "
        "build images with BuildKit enabled"
    )


def with_documents(state: State, command: it.CommandLine) -> tuple[it.CommandLine, str]:
    """Put here-documents into the command; return it, and the script if the document is a program of its own."""
    if not command.heredocs:
        return command, ""
    line = command.args[0]
    alone = parse_heredoc(line)
    if alone is None:
        text = line + "".join(f"\n{document.content}{document.name}" for document in command.heredocs)
    else:
        text = command.heredocs[0].text()
        if text.startswith("#!") and not takes_one_line(state):
            return it.CommandLine((), shell=False), text
    if takes_one_line(state) and "\n" in text.rstrip("\r\n") and state.shell == state.guest.default_shell:
        raise NotSupported(
            "cmd takes one line: a RUN here-document of several needs another SHELL, or one RUN with && between"
        )
    return it.CommandLine((text,), shell=True), ""


def separators(state: State) -> tuple[str, ...]:
    """Return what may end a directory's name in the guest."""
    return ("/", state.guest.default_workdir[-1])


def target_path(state: State, written: str) -> str:
    """Return a copy's target as an absolute path that still tells whether a directory was meant."""
    if not written:
        raise InvalidParameter("the destination of a copy can not be an empty string")
    absolute = state.guest.join(state.config.working_dir, written)
    separator = state.guest.default_workdir[-1]
    is_directory = written[-1] in separators(state) or posixpath.basename(written) in {".", ".."}
    return absolute.rstrip(separator) + separator if is_directory else absolute
