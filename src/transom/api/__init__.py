"""The Docker Engine API: HTTP to use cases and back; no decisions."""
