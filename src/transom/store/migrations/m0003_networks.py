"""Networks."""

import sqlite3

NUMBER = 3


def apply(connection: sqlite3.Connection) -> None:
    """Make the table."""
    connection.execute(
        "CREATE TABLE networks (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, document TEXT NOT NULL) "
        "STRICT, WITHOUT ROWID"
    )
