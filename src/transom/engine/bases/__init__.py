"""Use cases of Windows bases: what `transom base` does."""
