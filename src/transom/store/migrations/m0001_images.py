"""Images, their names, snapshots and leases."""

import sqlite3

NUMBER = 1

_TABLES = (
    # document: the rest of the record as versioned JSON. parent: the image this one was committed on, or empty.
    """CREATE TABLE images (
        id TEXT PRIMARY KEY, os TEXT NOT NULL, architecture TEXT NOT NULL, variant TEXT NOT NULL,
        os_version TEXT NOT NULL, parent TEXT NOT NULL, document TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX images_by_parent ON images (parent)",
    # A name points to one manifest or index; the variants of it that are here hang below.
    """CREATE TABLE names (
        name TEXT PRIMARY KEY, target TEXT NOT NULL, media_type TEXT NOT NULL, size_bytes INTEGER NOT NULL,
        tagged_at TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE name_variants (
        name TEXT NOT NULL REFERENCES names (name) ON DELETE CASCADE ON UPDATE CASCADE,
        os TEXT NOT NULL, architecture TEXT NOT NULL, variant TEXT NOT NULL, os_version TEXT NOT NULL,
        image_id TEXT NOT NULL REFERENCES images (id),
        PRIMARY KEY (name, os, architecture, variant, os_version)
    ) STRICT""",
    "CREATE INDEX name_variants_by_image ON name_variants (image_id)",
    """CREATE TABLE repository_digests (
        repository TEXT NOT NULL, digest TEXT NOT NULL, image_id TEXT NOT NULL REFERENCES images (id),
        PRIMARY KEY (repository, digest, image_id)
    ) STRICT""",
    "CREATE INDEX repository_digests_by_image ON repository_digests (image_id)",
    # number names the directory, and is never used again. state: active, committed, removing.
    """CREATE TABLE snapshots (
        number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, parent TEXT NOT NULL, state TEXT NOT NULL,
        size_bytes INTEGER NOT NULL DEFAULT -1, inodes INTEGER NOT NULL DEFAULT -1, created_at TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX snapshots_by_parent ON snapshots (parent)",
    "CREATE TABLE leases (id TEXT PRIMARY KEY, purpose TEXT NOT NULL, expires_at TEXT NOT NULL) STRICT",
    """CREATE TABLE lease_items (
        lease TEXT NOT NULL REFERENCES leases (id) ON DELETE CASCADE, kind TEXT NOT NULL, key TEXT NOT NULL,
        PRIMARY KEY (lease, kind, key)
    ) STRICT""",
)


def apply(connection: sqlite3.Connection) -> None:
    """Make the tables."""
    for statement in _TABLES:
        connection.execute(statement)
