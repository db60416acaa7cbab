"""A build's files on disk: its context, what it downloads, and the copying into snapshots. Jobs run in workers."""
