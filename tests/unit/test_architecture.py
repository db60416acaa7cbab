"""Rules of the code that no other tool holds; each walks the syntax trees of src/transom and names file and line."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

N = TypeVar("N", bound=ast.AST)

SOURCE = Path(__file__).parents[2] / "src" / "transom"

# model/platform.py parses the names themselves; what follows from them is guest_for's answer.
MAY_NAME_GUESTS = ("guest/", "drivers/", "daemon/wiring/", "model/platform.py")
GUEST_NAMES = {"windows", "linux", "win32", "nt"}
REFUSED_MODULE_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}
WITHOUT_FILES = [
    "api", "build", "containers", "engine", "events", "execution", "guest", "images", "logs", "model", "networks",
    "snapshots", "volumes", "wire",
]  # fmt: skip
"""Packages that never open a file: paths inside containers, layers and contexts belong to host/rootfs.py."""

FILE_FUNCTIONS = {
    "chmod", "chown", "copy", "lchown", "link", "listdir", "lstat", "makedirs", "mkdir", "mkfifo", "mknod", "open",
    "readlink", "remove", "rename", "replace", "rmdir", "scandir", "stat", "symlink", "truncate", "unlink", "utime",
    "walk",
}  # fmt: skip


@cache
def trees() -> dict[str, ast.Module]:
    """Return every module's syntax tree by its path below src/transom."""
    return {
        path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text(), str(path))
        for path in sorted(SOURCE.rglob("*.py"))
    }


def is_below(name: str, *places: str) -> bool:
    return any(name == place or (place.endswith("/") and name.startswith(place)) for place in places)


def nodes(kind: type[N], *, outside: tuple[str, ...] = ()) -> Iterator[tuple[str, N]]:
    for name, tree in trees().items():
        if not is_below(name, *outside):
            yield from (
                (f"{name}:{getattr(node, 'lineno', 0)}", node) for node in ast.walk(tree) if isinstance(node, kind)
            )


def dotted(node: ast.expr) -> str:
    """Return `os.path.join` for that expression, "" for what is no plain name."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value)}.{attr}"
        case _:
            return ""


def imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names]


def test_guest_os_is_asked_only_where_it_is_answered() -> None:
    found = []
    for place, node in nodes(ast.Compare, outside=MAY_NAME_GUESTS):
        sides = [node.left, *node.comparators]
        literals = [
            item
            for side in sides
            for item in (side.elts if isinstance(side, ast.Tuple | ast.Set | ast.List) else [side])
        ]
        found += [place for item in literals if isinstance(item, ast.Constant) and item.value in GUEST_NAMES]
    for place, match in nodes(ast.MatchValue, outside=MAY_NAME_GUESTS):
        if isinstance(match.value, ast.Constant) and match.value.value in GUEST_NAMES:
            found.append(place)
    assert not found, "ask guest_for(os) for an attribute instead"


def test_module_names_say_what_is_inside() -> None:
    found = [name for name in trees() if REFUSED_MODULE_NAMES & set(name.removesuffix(".py").split("/"))]
    assert not found


def test_environment_is_read_only_at_the_edges() -> None:
    found = [
        place
        for place, node in nodes(ast.Attribute, outside=("daemon/config.py", "daemon/main.py", "cli/", "client/"))
        if dotted(node) in ("os.environ", "os.environb", "os.getenv")
    ]
    assert not found, "take it as a setting from daemon/config.py"


def test_adapters_are_imported_only_by_wiring_and_each_other() -> None:
    found = [
        f"{place} imports {module}"
        for kind in (ast.Import, ast.ImportFrom)
        for place, node in nodes(kind, outside=("daemon/wiring/", "drivers/", "store/", "registry/"))
        for module in imported(node)
        if module.startswith(("transom.drivers", "transom.store", "transom.registry"))
    ]
    assert not found


@pytest.mark.parametrize("package", WITHOUT_FILES)
def test_package_opens_no_file(package: str) -> None:
    found = []
    for place, node in nodes(ast.Call):
        if place.startswith(f"{package}/"):
            name = dotted(node.func)
            module, _, function = name.rpartition(".")
            if name == "open" or (module in ("os", "shutil", "pathlib.Path", "Path") and function in FILE_FUNCTIONS):
                found.append(f"{place} calls {name}")
    assert not found, "paths belong to host/rootfs.py and to adapters"


def test_archives_are_never_extracted_by_tarfile() -> None:
    with_tarfile = {
        place.split(":")[0]
        for kind in (ast.Import, ast.ImportFrom)
        for place, node in nodes(kind)
        if any(module.startswith("tarfile") for module in imported(node))
    }
    found = [
        f"{place} calls {name}"
        for place, node in nodes(ast.Call)
        if (name := dotted(node.func)) == "shutil.unpack_archive"
        or (place.split(":")[0] in with_tarfile and name.endswith((".extractall", ".extract")))
    ]
    assert not found, "use host/rootfs.py"


def test_processes_are_started_only_by_host() -> None:
    # sandbox.py is a program of its own, which host/run.py starts: the first process of a new pid namespace must fork.
    outside = ("host/", "cli/", "client/", "drivers/exec/wine/base/sandbox.py")
    found = [
        f"{place} imports {module}"
        for kind in (ast.Import, ast.ImportFrom)
        for place, node in nodes(kind, outside=outside)
        for module in imported(node)
        if module.split(".")[0] in ("subprocess", "multiprocessing", "pty")
    ]
    found += [
        f"{place} calls {name}"
        for place, node in nodes(ast.Call, outside=outside)
        if (name := dotted(node.func))
        in ("os.system", "os.popen", "os.fork", "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell")
    ]
    assert not found, "use host/run.py"


def hands_on(handler: ast.ExceptHandler) -> bool:
    """Say whether handler raises, or passes its exception to somebody: another thread, the log."""
    return any(
        isinstance(node, ast.Raise) or (isinstance(node, ast.Name) and node.id == handler.name)
        for node in ast.walk(handler)
    )


def test_errors_are_not_swallowed() -> None:
    # A forked child has nobody above it: it prints the traceback and ends.
    found = [
        place
        for place, node in nodes(ast.ExceptHandler, outside=("host/worker_main.py",))
        if (node.type is None or dotted(node.type) == "BaseException") and not hands_on(node)
    ]
    assert not found, "except BaseException re-raises, always"
