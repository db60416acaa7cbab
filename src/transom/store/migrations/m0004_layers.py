"""Which blob holds which layer."""

import sqlite3

NUMBER = 4


def apply(connection: sqlite3.Connection) -> None:
    """Make the table."""
    connection.execute(
        """CREATE TABLE layers (
            diff_id TEXT PRIMARY KEY, media_type TEXT NOT NULL, digest TEXT NOT NULL, size_bytes INTEGER NOT NULL
        ) STRICT"""
    )
