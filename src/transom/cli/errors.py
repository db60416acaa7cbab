"""How a command ends without success."""

from transom.errors import TransomError


class CliError(TransomError):
    """A message for the user and the exit code that goes with it.

    hint adds the program's name before it and where to read more after it, as Docker does for run.
    """

    def __init__(self, text: str, *, exit_code: int = 1, hint: bool = False) -> None:
        super().__init__(text)
        self.exit_code = exit_code
        self.hint = hint


class UsageError(CliError):
    """The command line is wrong; the usage line follows the message. Exit code as Docker's: 125 for flags."""

    def __init__(self, text: str, *, exit_code: int = 125) -> None:
        super().__init__(text, exit_code=exit_code)


class Exit(Exception):
    """Ends the program with a code and no message: all that is to be said has been printed."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code
