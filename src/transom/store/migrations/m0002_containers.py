"""Containers and volumes."""

import sqlite3

NUMBER = 2


def apply(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    connection.execute(
        """CREATE TABLE containers (
            id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, image_id TEXT NOT NULL, document TEXT NOT NULL
        ) STRICT, WITHOUT ROWID"""
    )
    connection.execute("CREATE TABLE volumes (name TEXT PRIMARY KEY, document TEXT NOT NULL) STRICT, WITHOUT ROWID")
