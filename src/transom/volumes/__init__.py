"""Volumes and the grammar of mounts. Pure."""
