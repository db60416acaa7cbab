"""What both guests' grammars of `-v source:target:mode` share."""

MODES = frozenset(
    {"ro", "rw", "z", "Z", "nocopy", "consistent", "cached", "delegated", "private", "rprivate", "slave", "rslave",
     "shared", "rshared"}
)  # fmt: skip
