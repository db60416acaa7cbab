"""The cases; programs.table says in which order they are shown."""

from programs.case import CASES
from programs.cases import compiled, installers, runtimes, servers, tools

__all__ = ["CASES", "compiled", "installers", "runtimes", "servers", "tools"]
