"""Outcomes of build steps."""

import sqlite3

NUMBER = 10

_TABLES = (
    # layer: descriptor of the layer the step made as JSON, or empty. snapshot: chain-id after the step, or empty.
    """CREATE TABLE build_steps (
        key TEXT PRIMARY KEY, config TEXT NOT NULL, layer TEXT NOT NULL, snapshot TEXT NOT NULL, used_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX build_steps_by_snapshot ON build_steps (snapshot)",
)


def apply(connection: sqlite3.Connection) -> None:
    """Make the table."""
    for statement in _TABLES:
        connection.execute(statement)
