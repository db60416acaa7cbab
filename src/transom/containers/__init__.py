"""Containers: the record and its rules. Pure."""
