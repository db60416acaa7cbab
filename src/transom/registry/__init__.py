"""Registries over HTTP: the adapter behind images/registry.py."""
