"""The cases; programs.table says in which order they are shown."""

from programs.case import CASES
from programs.cases import compiled, installers, more_runtimes, more_tools, runtimes, servers, tools

__all__ = ["CASES", "compiled", "installers", "more_runtimes", "more_tools", "runtimes", "servers", "tools"]
