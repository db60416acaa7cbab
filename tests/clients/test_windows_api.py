"""Windows' functions by C programs in containers, as Microsoft's pages have them: first where Wine alone differs."""

import json
import subprocess
import time
from functools import cache
from pathlib import Path

import pytest
from tests.support.engine import KEPT, ROOT, WINDOWS, Engine
from tests.support.windows import COMPILER, node_exe

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox", COMPILER),
    pytest.mark.timeout(600),
]
API = "api:latest"
DOCKERFILE = f"""\
FROM {WINDOWS}
COPY api.exe C:/Windows/System32/
RUN api links
RUN api streams
"""
GROUPS = ("files", "locks", "threads", "console", "watch", "certificates", "unix", "streams_kept")
IMPORTER = COMPILER.replace("gcc", "dlltool")
LINKS_JS = """\
const fs = require("fs");
process.chdir("C:\\\\api");
const link = (name) => [fs.lstatSync(name).isSymbolicLink(), fs.readlinkSync(name), fs.existsSync(name)];
fs.symlinkSync("Dir\\\\name.txt", "f");
fs.symlinkSync("C:\\\\api\\\\Dir", "j", "junction");
fs.symlinkSync("nothing", "n");
fs.mkdirSync("tree");
fs.symlinkSync("C:\\\\api\\\\Dir", "tree\\\\j", "junction");
fs.symlinkSync("..\\\\Dir\\\\name.txt", "tree\\\\f");
fs.symlinkSync("nothing", "tree\\\\n");
fs.rmSync("tree", { recursive: true });
const kinds = fs.readdirSync(".", { withFileTypes: true }).map((each) => [each.name, each.isSymbolicLink()]);
console.log(
  JSON.stringify({
    links: [link("f"), link("j"), link("n"), link("kept"), link("kept.d"), link("kept.j")],
    real: fs.realpathSync.native("KEPT.J\\\\NAME.TXT"),
    kinds: Object.fromEntries(kinds),
    left: fs.readFileSync("Dir\\\\name.txt", "utf8"),
    tree: fs.existsSync("tree"),
  }),
);
"""


@cache
def api_exe(compiler: str = COMPILER, out: Path = KEPT.parent / "downloads" / "api.exe") -> Path:
    """Return tests/support/api, compiled."""
    out.parent.mkdir(parents=True, exist_ok=True)
    sources = [str(path) for path in sorted((ROOT / "tests/support/api").glob("*.c"))]
    flags = ["-Os", "-s", "-Wall", "-Wextra", "-Werror", "-o", str(out)]
    subprocess.run([compiler, *flags, *sources, "-lntdll", "-lws2_32", "-lnetapi32"], check=True)
    return out


@pytest.fixture
def api(windows: Engine, tmp_path: Path) -> Engine:
    """An engine with an image that has api.exe, and C:\\api as its checks of links leave it."""
    if not windows.docker("images", "-q", API).out:
        (tmp_path / "api.exe").write_bytes(api_exe().read_bytes())
        (tmp_path / "Dockerfile").write_text(
            f"FROM {WINDOWS}\nCOPY api.exe C:/Windows/System32/\nRUN api links\nRUN api streams\n"
        )
        windows.docker("build", "-q", "-t", API, str(tmp_path), timeout_s=300)
    return windows


@pytest.mark.parametrize(
    "group", ["files", "locks", "threads", "console", "watch", "certificates", "unix", "streams_kept"]
)
def test_functions_do_what_windows_does(api: Engine, group: str) -> None:
    done = api.docker("run", "--rm", "--network", "none", API, "api", group, check=False, timeout_s=120)
    assert done.code == 0, done.out


def test_accounts_by_functions_are_those_of_net_user(api: Engine) -> None:
    options = ("run", "--rm", "--network", "none", "--user", "ContainerAdministrator")
    done = api.docker(*options, API, "api", "accounts", check=False, timeout_s=120)
    assert done.code == 0, done.out


def test_links_of_a_layer_are_links_in_a_child(api: Engine, tmp_path: Path) -> None:
    (tmp_path / "links.js").write_text(LINKS_JS)
    (tmp_path / "node.exe").write_bytes(node_exe().read_bytes())
    mount = f"{tmp_path}:C:\\w"
    done = api.docker("run", "--rm", "--network", "none", "-v", mount, API, "C:\\w\\node", "C:\\w\\links.js")
    seen = json.loads(done.out)
    assert seen["links"] == [
        [True, "Dir\\name.txt", True],
        [True, "C:\\api\\Dir", True],
        [True, "nothing", False],
        [True, "Dir\\name.txt", True],
        [True, "C:\\api\\Dir", True],
        [True, "C:\\api\\Dir", True],
    ]
    assert seen["real"] == "C:\\api\\Dir\\name.txt"
    links = ("f", "j", "kept", "kept.d", "kept.j", "n")
    assert seen["kinds"] == {"Dir": False, "held": False} | dict.fromkeys(links, True)
    assert seen["left"] == "hello"
    assert seen["tree"] is False


def test_console_without_a_terminal_costs_nothing_until_it_is_asked_for(api: Engine) -> None:
    api.docker("run", "-di", "--name", "silent", "--network", "none", API, "cmd")

    def programs() -> str:
        return api.docker("exec", "silent", "tasklist").out

    assert api.docker("exec", "silent", "cmd", "/c", "chcp & ver").out.startswith("Active code page: 65001")
    assert "conhost.exe" not in programs()
    done = api.docker("exec", "silent", "api", "console", check=False, timeout_s=120)
    assert done.code == 0, done.out
    deadline = time.monotonic() + 30
    while "conhost.exe" in programs():  # a console ends with the last of its programs, which nobody waits for
        assert time.monotonic() < deadline, programs()


def test_call_of_a_function_that_is_missing_ends_the_program_and_names_it(api: Engine, tmp_path: Path) -> None:
    (tmp_path / "more.def").write_text("LIBRARY kernel32.dll\nEXPORTS\nNoSuchFunction\n")
    (tmp_path / "calls.c").write_text("void NoSuchFunction(void);\nint main(void) { NoSuchFunction(); return 0; }\n")
    subprocess.run([IMPORTER, "-d", "more.def", "-l", "more.a"], check=True, cwd=tmp_path)
    subprocess.run([COMPILER, "-o", "calls.exe", "calls.c", "more.a"], check=True, cwd=tmp_path)
    mount = f"{tmp_path}:C:\\w"
    done = api.docker("run", "--name", "calls", "--network", "none", "-v", mount, API, "C:\\w\\calls", check=False)
    assert done.code != 0
    assert "kernel32.dll.NoSuchFunction" in done.err
    assert api.docker("inspect", "-f", "{{.State.ExitCode}}", "calls").out.strip() == str(0xC0000139)
