"""Memory that is free inside this process, given back to the kernel."""

import contextlib
import ctypes
import gc


def give_back_memory() -> None:
    """Collect garbage and give its pages back. After work that took much and is seldom done; it takes milliseconds."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)  # glibc's own; another C library has none
