"""Numbered changes of the schema, forward only.

One module per change, `m0001_images.py` and on: `NUMBER` and `apply(connection)`. A module that a release has
contained is never edited again; a later one changes what it made. `apply` runs inside a transaction with the row that
records it, so a change has happened whole or not at all: it uses execute(), never executescript(), which would commit.
"""

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transom.errors import Conflict

_NAME = re.compile(r"m(\d{4})_\w+")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered change."""

    number: int
    name: str
    apply: Callable[[sqlite3.Connection], None]


def migrations() -> Sequence[Migration]:
    """Return every change in order of its number."""
    found: dict[int, Migration] = {}
    for module in pkgutil.iter_modules(__path__):
        match = _NAME.fullmatch(module.name)
        if match is None:
            continue
        number = int(match[1])
        if number in found:
            raise RuntimeError(f"two migrations have the number {number}")
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        found[number] = Migration(number, module.name, loaded.apply)
    return [found[number] for number in sorted(found)]


def migrate(connection: sqlite3.Connection, known: Sequence[Migration] | None = None) -> None:
    """Apply what connection's database does not have yet.

    Raises:
        Conflict: the database holds changes that this version does not know.
    """
    known = migrations() if known is None else known
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID"
    )
    applied = {number for (number,) in connection.execute("SELECT number FROM migrations")}
    unknown = applied - {migration.number for migration in known}
    if unknown:
        raise Conflict(
            f"the data root was written by a newer version (schema {max(unknown)}); install that version or a later one"
        )
    for migration in known:
        if migration.number in applied:
            continue
        connection.execute("BEGIN IMMEDIATE")
        try:
            migration.apply(connection)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (migration.number, migration.name))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
