"""`--filter name=value`, moments and other things that several commands send in a query."""

import re
import time
from datetime import UTC, datetime

from transom.cli import flags as flag
from transom.cli.errors import CliError
from transom.cli.flags import Flag, Values
from transom.cli.output.units import parse_duration, parse_moment

FORMAT_HELP = (
    "Format output using a custom template:\n"
    "'table':            Print output in table format with column headers (default)\n"
    "'table TEMPLATE':   Print output in table format using the given Go template\n"
    "'json':             Print in JSON format\n"
    "'TEMPLATE':         Print output using the given Go template."
)
INSPECT_FORMAT_HELP = (
    "Format output using a custom template:\n"
    "'json':             Print in JSON format\n"
    "'TEMPLATE':         Print output using the given Go template."
)
FORMAT = flag.text("format", FORMAT_HELP)
INSPECT_FORMAT = flag.text("format", INSPECT_FORMAT_HELP, short="f")
NO_TRUNC = flag.switch("no-trunc", "Don't truncate output")
_UNIX_TIME = re.compile(r"^-?\d+(\.\d+)?$")


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError("bad format of filter (expected name=value)")
    return name.strip().lower(), value.strip()


def filter_flag(short: str = "f", help_text: str = "Filter output based on conditions provided") -> Flag:
    """Return --filter, which may be repeated."""
    return flag.many("filter", help_text, short=short, kind="filter", parse=_pair)


def filters(values: Values, extra: dict[str, str] | None = None) -> dict[str, dict[str, bool]]:
    """Return the filters as the API takes them: name → value → true."""
    found: dict[str, dict[str, bool]] = {}
    for name, value in [*values.many("filter"), *(extra or {}).items()]:
        found.setdefault(name, {})[value] = True
    return found


def moment(text: str, name: str = "") -> str | None:
    """Return --since or --until as seconds since 1970; relative ones count back from now.

    Raises:
        CliError: text is neither a time nor a duration.
    """
    if not text:
        return None
    if _UNIX_TIME.match(text):
        return text
    try:
        return f"{(time.time_ns() - parse_duration(text)) / 1e9:.9f}"
    except ValueError:
        pass
    try:
        parsed = parse_moment(text)
    except ValueError:
        where = f'invalid value for "{name}": ' if name else ""
        raise CliError(f'{where}failed to parse value as time or duration: "{text}"') from None
    if "+" not in text and not text.endswith("Z") and not re.search(r"-\d\d:\d\d$", text):
        parsed = datetime(*parsed.timetuple()[:6], parsed.microsecond).astimezone(UTC)  # no zone: ours
    return f"{parsed.timestamp():.9f}"
