"""Transom: a Docker-compatible container engine for Windows and Linux images on Linux hosts."""

__version__ = "0.1.0"
