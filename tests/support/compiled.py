"""Windows programs of the tests, compiled once a run, in a directory that containers mount."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.windows import COMPILER

_FLAGS = ("-Os", "-s", "-Wall", "-Wextra", "-Werror")


@contextmanager
def compiled(*programs: tuple[str, tuple[str, ...]]) -> Iterator[Path]:
    """Yield a directory with the programs NAME.exe of tests/support/NAME.c; programs: (name, libraries)."""
    directory = Path(tempfile.mkdtemp(prefix="tt-"))
    try:
        for name, libraries in programs:
            source = Path(__file__).parent / f"{name}.c"
            linked = (f"-l{library}" for library in libraries)
            subprocess.run([COMPILER, *_FLAGS, "-o", str(directory / f"{name}.exe"), str(source), *linked], check=True)
        yield directory
    finally:
        shutil.rmtree(directory)
