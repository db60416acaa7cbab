"""Real Windows programs: Node.js serves HTTP, esbuild bundles in a RUN; Windows and Linux containers talk."""

import json
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from programs.box import IMAGE, Container
from programs.cases import CASES
from programs.packages import Unavailable
from tests.clients.test_docker_cli import ask
from tests.support.engine import WINDOWS, Engine, docker_environment
from tests.support.windows import COMPILER, PROBE, esbuild_exe, node_exe

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox", COMPILER),
    pytest.mark.timeout(600),
]

TABLE = (
    "node", "node_repl", "c_threads", "c_exceptions", "c_sockets", "c_winhttp", "c_pipes", "c_registry", "c_com",
    "c_files", "c_locks", "c_console", "npm", "node_pty", "node_links", "node_watch",
    "ripgrep", "ruff", "sass", "jaq", "nats", "postgres", "msi",
)  # fmt: skip

SERVER = """\
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import { label } from "./label.ts";

http
  .createServer((request, response) => {
    fs.appendFileSync("C:\\\\data\\\\visits.txt", request.url + "\\n");
    fs.writeFileSync("d:/kept.txt", "kept");
    let refused = "";
    try {
      fs.writeFileSync("C:\\\\fixed\\\\no.txt", "no");
    } catch (error) {
      refused = error.code;
    }
    const child = execFileSync("cmd", ["/d", "/s", "/c", "echo child of %COMPUTERNAME%"], { encoding: "utf8" }).trim();
    response.end(
      JSON.stringify({
        label,
        child,
        refused,
        host: os.hostname(),
        platform: process.platform,
        release: os.release(),
        directory: process.cwd(),
        visits: fs.readFileSync("c:/DATA/visits.txt", "utf8").trim().split("\\n").length,
        one: fs.readFileSync("C:\\\\one.txt", "utf8"),
      }),
    );
  })
  .listen(8080, () => console.log("listening"));
"""

DOCKERFILE = f"""\
# escape=`
FROM {WINDOWS} AS bundle
WORKDIR C:\\src
COPY esbuild.exe C:\\tools\\
COPY server.mjs label.ts .\\
RUN C:\\tools\\esbuild.exe server.mjs --bundle --platform=node --minify --log-level=warning --outfile=out\\server.js
FROM {WINDOWS}
ENV PATH="C:\\node;C:\\Windows\\System32;C:\\Windows"
WORKDIR C:\\app
COPY node.exe C:\\node\\
COPY --from=bundle C:\\src\\out\\server.js .\\
CMD ["node", "server.js"]
"""


def test_node_serves_what_esbuild_has_bundled(probed: Engine, tmp_path: Path) -> None:
    context, data = tmp_path / "context", tmp_path / "data"
    for directory in (context, data):
        directory.mkdir()
    shutil.copy(node_exe(), context / "node.exe")
    shutil.copy(esbuild_exe(), context / "esbuild.exe")
    (context / "Dockerfile").write_text(DOCKERFILE)
    (context / "server.mjs").write_text(SERVER)
    (context / "label.ts").write_text('export const label: string = "b";')
    (tmp_path / "one.txt").write_text("one file")

    probed.docker("build", "-q", "-t", "node-server", str(context), timeout_s=300)
    shutil.rmtree(context)
    binds = (f"{data}:C:\\data", f"{data}:C:\\fixed:ro", f"{tmp_path}/one.txt:C:\\one.txt:ro", "letter:D:")
    mounts = [word for bind in binds for word in ("-v", bind)]
    probed.docker("run", "-d", "--name", "server", "-h", "web1", "-p", "8080", *mounts, "node-server")
    probed.wait_for_log("server", "listening")
    port = probed.docker("port", "server", "8080/tcp").out.splitlines()[0].rpartition(":")[2]
    answers = [json.loads(ask(f"http://{host}:{port}/x")) for host in ("127.0.0.1", "[::1]")]
    stopped = time.monotonic()
    probed.docker("stop", "server")
    stopped = time.monotonic() - stopped
    kept = probed.docker("run", "--rm", "-v", "letter:/kept", "busybox", "cat", "/kept/kept.txt").out
    probed.docker("rm", "server")
    probed.docker("rmi", "node-server")
    probed.docker("volume", "rm", "letter")

    assert answers[0] == {
        "label": "b", "child": "child of WEB1", "refused": answers[0]["refused"], "host": "web1", "platform": "win32",
        "release": "10.0.20348", "directory": "C:\\app", "visits": 1, "one": "one file",
    }  # fmt: skip
    assert answers[0]["refused"] in {"EPERM", "EACCES", "EROFS"}
    assert answers[1]["visits"] == 2
    assert (data / "visits.txt").read_text() == "/x\n/x\n"
    assert not (data / "no.txt").exists()
    assert kept == "kept"
    assert stopped < 10


def test_both_kinds_talk_by_name_on_one_network(probed: Engine) -> None:
    probed.docker("network", "create", "mixed")
    server = "while :; do echo hello from linux | nc -l -p 99; done"
    probed.docker("run", "-d", "--name", "lin", "--network", "mixed", "busybox", "sh", "-c", server)
    probed.docker("run", "-d", "--name", "win", "-h", "winhost", "--network", "mixed", PROBE, "probe", "listen", "99")
    probed.wait_for_log("win", "listening")

    listed = probed.docker("ps", "--format", "{{.Names}} {{.Image}}").out.splitlines()
    to_linux = probed.docker("exec", "win", "probe", "ask", "lin", "99").out
    to_windows = probed.docker("exec", "lin", "sh", "-c", "nc win 99 < /dev/null").out
    windows_to_windows = probed.docker("run", "--rm", "--network", "mixed", PROBE, "probe", "ask", "win", "99").out
    unknown = probed.docker("exec", "win", "probe", "ask", "nobody", "99", check=False)
    probed.docker("rm", "-f", "lin", "win")
    probed.docker("network", "rm", "mixed")

    assert sorted(listed) == ["lin busybox", f"win {PROBE}"]
    assert to_linux == "hello from linux\n"
    assert to_windows == windows_to_windows == "hello from WINHOST\n"
    assert unknown.code == 2


def test_published_port_of_a_windows_program_answers(probed: Engine) -> None:
    probed.docker("run", "-d", "--name", "win", "-h", "winhost", "-p", "127.0.0.1::99", PROBE, "probe", "listen", "99")
    address, port = probed.docker("port", "win", "99").out.strip().rsplit(":", 1)
    probed.wait_for_log("win", "listening")
    done = subprocess.run(["busybox", "nc", address, port], input=b"", capture_output=True, check=True, timeout=20)

    assert done.stdout == b"hello from WINHOST\n"


@pytest.mark.parametrize("name", TABLE)
def test_program_works_as_the_table_says(probed: Engine, tmp_path: Path, name: str) -> None:
    """A part of script/programs: one of each kind, of those that are small to fetch or made here."""
    case = CASES[name]
    try:
        packages = {package.name: package.directory() for package in case.packages}
    except Unavailable as exc:
        pytest.skip(str(exc))
    tmp_path.chmod(0o777)  # a case may run as ContainerUser
    case.act(Container(probed.docker_argv(), IMAGE, packages, tmp_path, docker_environment()))
