"""Every command by the words that lead to it, and the module that holds it.

An entry is `module:NAME` below transom.cli.commands; a module is imported only when its command runs
or a help text lists it.
"""

from collections.abc import Mapping
from importlib import import_module

from transom.cli.command import Command

CONTAINER: Mapping[str, str] = {
    "attach": "attach:ATTACH",
    "commit": "commit:COMMIT",
    "cp": "cp:CP",
    "create": "create:CREATE",
    "diff": "containers:DIFF",
    "exec": "exec:EXEC",
    "export": "archives:EXPORT",
    "inspect": "inspect:INSPECT_CONTAINER",
    "kill": "lifecycle:KILL",
    "logs": "logs:LOGS",
    "ls": "ps:PS",
    "pause": "lifecycle:PAUSE",
    "port": "containers:PORT",
    "prune": "prune:PRUNE_CONTAINERS",
    "rename": "lifecycle:RENAME",
    "restart": "lifecycle:RESTART",
    "rm": "lifecycle:RM",
    "run": "run:RUN",
    "start": "start:START",
    "stats": "stats:STATS",
    "stop": "lifecycle:STOP",
    "top": "containers:TOP",
    "unpause": "lifecycle:UNPAUSE",
    "update": "update:UPDATE",
    "wait": "lifecycle:WAIT",
}
IMAGE: Mapping[str, str] = {
    "build": "build:BUILD",
    "check": "check:CHECK",
    "copy": "image_copy:COPY",
    "history": "history:HISTORY",
    "import": "archives:IMPORT",
    "inspect": "inspect:INSPECT_IMAGE",
    "load": "archives:LOAD",
    "ls": "images:IMAGES",
    "prune": "prune:PRUNE_IMAGES",
    "pull": "registry:PULL",
    "push": "registry:PUSH",
    "rebase": "rebase:REBASE",
    "rm": "images:RMI",
    "save": "archives:SAVE",
    "tag": "images:TAG",
}
NETWORK: Mapping[str, str] = {
    "connect": "network:CONNECT",
    "create": "network:CREATE",
    "disconnect": "network:DISCONNECT",
    "inspect": "inspect:INSPECT_NETWORK",
    "ls": "network:LS",
    "prune": "prune:PRUNE_NETWORKS",
    "rm": "network:RM",
}
VOLUME: Mapping[str, str] = {
    "create": "volume:CREATE",
    "inspect": "inspect:INSPECT_VOLUME",
    "ls": "volume:LS",
    "prune": "prune:PRUNE_VOLUMES",
    "rm": "volume:RM",
}
SYSTEM: Mapping[str, str] = {
    "df": "df:DF",
    "dial-stdio": "system:DIAL_STDIO",
    "events": "events:EVENTS",
    "info": "info:INFO",
    "prune": "prune:PRUNE_SYSTEM",
}
BUILDER: Mapping[str, str] = {"build": "build:BUILD", "prune": "prune:PRUNE_BUILDER"}
BASE: Mapping[str, str] = {
    "build": "base:BUILD",
    "export": "base:EXPORT",
    "import": "base:IMPORT",
    "inspect": "base:INSPECT",
    "ls": "base:LS",
    "pull": "base:PULL",
    "push": "base:PUSH",
    "rm": "base:RM",
}
GROUPS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "base": ("Manage the bases of Windows containers", BASE),
    "builder": ("Manage builds", BUILDER),
    "container": ("Manage containers", CONTAINER),
    "image": ("Manage images", IMAGE),
    "network": ("Manage networks", NETWORK),
    "system": ("Manage Transom", SYSTEM),
    "volume": ("Manage volumes", VOLUME),
}
FIRST: tuple[str, ...] = ("run", "exec", "ps", "build", "pull", "push", "images", "login", "logout", "version", "info")
TOP: Mapping[str, str] = {
    **{name: entry for name, entry in CONTAINER.items() if name not in ("inspect", "ls", "prune")},
    "build": "build:BUILD",
    "check": "check:CHECK",
    "events": "events:EVENTS",
    "history": "history:HISTORY",
    "images": "images:IMAGES",
    "import": "archives:IMPORT",
    "info": "info:INFO",
    "inspect": "inspect:INSPECT",
    "load": "archives:LOAD",
    "login": "login:LOGIN",
    "logout": "login:LOGOUT",
    "ps": "ps:PS",
    "pull": "registry:PULL",
    "push": "registry:PUSH",
    "rmi": "images:RMI",
    "save": "archives:SAVE",
    "tag": "images:TAG",
    "version": "version:VERSION",
}
ALIASES: Mapping[str, str] = {"list": "ls", "remove": "rm"}
CONTAINER_ALIASES: Mapping[str, str] = {**ALIASES, "ps": "ls"}


def load(entry: str) -> Command:
    """Import an entry's module and return its command."""
    module, _, name = entry.partition(":")
    command = getattr(import_module(f"transom.cli.commands.{module}"), name)
    assert isinstance(command, Command)
    return command


def find_in_group(group: str, word: str) -> str | None:
    """Return the entry for `transom group word`, or None."""
    _, entries = GROUPS[group]
    aliases = CONTAINER_ALIASES if group == "container" else ALIASES
    return entries.get(aliases.get(word, word))
