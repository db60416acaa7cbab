"""Values as Go prints them: history texts and cache keys contain them."""

import json
from collections.abc import Sequence


def quoted(text: str) -> str:
    """Return text as `%q` prints it."""
    return json.dumps(text, ensure_ascii=False)


def quoted_list(items: Sequence[str]) -> str:
    """Return items as `%q` prints a slice: `["a" "b"]`."""
    return "[" + " ".join(map(quoted, items)) + "]"


def plain_list(items: Sequence[str]) -> str:
    """Return items as `%v` prints a slice: `[a b]`."""
    return "[" + " ".join(items) + "]"
