"""Larger programs on the runtimes: add-ons, package managers, compilers of other languages."""

import json
import shutil
import struct
import zlib

from programs.box import Box
from programs.case import case, equal, expect
from programs.cases.runtimes import JAVA_EXE, JRE, NODE, NODE_EXE
from programs.packages import Npm, Wheel

PTY = Npm("@lydell/node-pty", "1.1.0", "31b83edeff5c5a22293fe25f70202c5379b44c17ca3f6f37e9b5d5f584a37d27", "pty")
PTY_PART = Npm(
    "@lydell/node-pty-win32-x64",
    "1.1.0",
    "f418f20ec3141320b78548330bd177ebfbe0c0ee7830309a5ba5392a205cea5f",
    "pty-win32-x64",
)
SHARP = Npm("sharp", "0.35.5", "3b6bbbe6b308f5c383938ca4a31926cd5d79c4651ed8c5fda16a97da2014a9ac", "sharp")
SHARP_PARTS = (
    Npm(
        "@img/sharp-win32-x64",
        "0.35.5",
        "16a804181ddd258ca6fe7079b2faa0c0356654c9db3d93ab0a80ec5e5161c3d4",
        "sharp-win32-x64",
    ),
    Npm("@img/colour", "1.1.0", "6c2df3ac33d4b8647191ad8942a579e6004be00c25846677eab85f04702d85b1", "colour"),
    Npm("detect-libc", "2.1.2", "270dec0fc06cff86481da8af2dd8f18dee6b602790b14ef0e1c2c18d7da39427", "detect-libc"),
    Npm("semver", "7.8.6", "c6584c324e8b1e5d0403c6c16ee2b25dd61567c13f0449a58820350c21cd71bf", "semver"),
)
SWC = Npm(
    "@swc/core-win32-x64-msvc", "1.16.22", "eb5ab41a96f75221a704bee1f881fa9b83703c8f356016b954c9463d1056b397", "swc"
)
CLOSURE = Npm(
    "google-closure-compiler-java",
    "20261015.0.0",
    "ca26ec5391c4bd95e180e930137ee9cd8ed39b7ac432043854601b827a5fb4a9",
    "closure-java",
)
CLOSURE_NATIVE = Npm(
    "google-closure-compiler-windows",
    "20261015.0.0",
    "c9c5123bf4bda5dd42daf929ac6da66d8e66e49227eb5923c2a7cbf003b1d6f9",
    "closure",
)
SASS = Npm(
    "sass-embedded-win32-x64", "1.105.0", "40335fbaed13740a28a7098e22fbf73af96d9b040d23950a0c727919144512da", "sass"
)
AZURE_MCP = Npm(
    "@azure/mcp-win32-x64", "2.0.5", "813ec4c8cda4a802f16ef525a3a2c210415fcca445b72a154629dea940f5e7ab", "azure-mcp"
)
QT = Wheel("PySide6-Essentials", "6.12.0", "c9a95102aa23c1f86516a30d5a9be37552d324eee7e567eb7508973f1218cb42")


def _copy(box: Box, package: Npm, into: str) -> None:
    shutil.copytree(package.directory(), box.work / "node_modules" / into, dirs_exist_ok=True)


@case("npm", NODE, task="packs and installs a package offline, runs its command and a script through cmd")
def npm(box: Box) -> None:
    part = box.work / "part"
    part.mkdir()
    (part / "package.json").write_text('{"name": "part", "version": "1.0.0", "bin": {"partcli": "cli.js"}}')
    (part / "cli.js").write_text("#!/usr/bin/env node\nconsole.log(`part ${process.argv[2]}`);\n")
    scripts = {"build": "echo %npm_lifecycle_event%&& node -p 6*7 && partcli ran"}
    (box.work / "package.json").write_text(json.dumps({"name": "whole", "version": "1.0.0", "scripts": scripts}))
    npm = f"{NODE_EXE.rpartition(chr(92))[0]}\\lib\\node_modules\\npm\\bin\\npm-cli.js"
    path = f"{NODE_EXE.rpartition(chr(92))[0]};C:\\Windows\\System32;C:\\Windows"
    settings = {"PATH": path, "npm_config_offline": "true", "npm_config_update_notifier": "false"}
    box.run(NODE_EXE, npm, "pack", ".\\part", env=settings, timeout_s=120)
    box.run(NODE_EXE, npm, "install", ".\\part-1.0.0.tgz", env=settings, timeout_s=120)
    said = box.run(NODE_EXE, npm, "run", "--silent", "build", env=settings, timeout_s=120).out.split()
    equal(said, ["build", "42", "part", "ran"], "what the script said")


@case(
    "node-pty",
    PTY,
    PTY_PART,
    NODE,
    task="runs a program in a pseudo console, types into it, reads its exit code",
)
def node_pty(box: Box) -> None:
    _copy(box, PTY, "@lydell/node-pty")
    _copy(box, PTY_PART, "@lydell/node-pty-win32-x64")
    (box.work / "inner.js").write_text(
        "console.log(`tty ${process.stdout.isTTY} ${process.stdout.columns}`);\n"
        "process.stdin.on('data', (line) => { console.log('got', String(line).trim()); process.exit(7); });\n"
    )
    (box.work / "outer.js").write_text(
        "const pty = require('@lydell/node-pty');\n"
        "const inner = pty.spawn(process.execPath, ['inner.js'], { cols: 90, rows: 20 });\n"
        "let seen = '', typed = false;\n"
        "inner.onData((text) => { seen += text; "
        "if (!typed && /tty/.test(seen)) { typed = true; inner.write('word\\r'); } });\n"
        "inner.onExit(({ exitCode }) => setTimeout(() => { console.log(seen); console.log('exit', exitCode); "
        "process.exit(0); }, 200));\n"
        "setTimeout(() => { console.log('no end', JSON.stringify(seen)); process.exit(1); }, 15000);\n"
    )
    expect(box.run(NODE_EXE, "outer.js"), "tty true 90", "got word", "exit 7")


@case("sharp", SHARP, *SHARP_PARTS, NODE, task="a native add-on with libvips: reads, scales and writes images")
def sharp(box: Box) -> None:
    _copy(box, SHARP, "sharp")
    for package in SHARP_PARTS:
        _copy(box, package, f"@img/{package.name}" if package.package.startswith("@img/") else package.name)
    rows = b"".join(b"\0" + b"\xff\0\0" * 64 for _ in range(64))
    (box.work / "in.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )
    code = "require('sharp')('in.png').resize(16).webp().toFile('out.webp').then((i) => console.log(i.format, i.width))"
    equal(box.run(NODE_EXE, "-e", code).out.split(), ["webp", "16"], "what it made")
    equal((box.work / "out.webp").read_bytes()[8:12], b"WEBP", "the head of the image")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@case("SWC", SWC, NODE, task="a native add-on in Rust: compiles TypeScript in worker threads")
def swc(box: Box) -> None:
    options = json.dumps({"jsc": {"parser": {"syntax": "typescript"}, "target": "es2022"}})
    code = (
        "const { transform } = require('C:/p/swc/swc.win32-x64-msvc.node'); Promise.all(Array.from({ length: 50 }, "
        f"(_, n) => transform(`const a${{n}}: number = ${{n}};`, false, Buffer.from(JSON.stringify({options})))))"
        ".then((all) => console.log(all.length, all[7].code))"
    )
    equal(box.run(NODE_EXE, "-e", code).out.split(), ["50", "const", "a7", "=", "7;"], "what it made")


@case("Closure Compiler", CLOSURE, JRE, task="a large Java program: optimises JavaScript")
def closure(box: Box) -> None:
    (box.work / "a.js").write_text("function unused() {}\nconst two = 1 + 1;\nconsole.log(two * 21);\n")
    words = ["-jar", "C:\\p\\closure-java\\compiler.jar", "--js", "a.js", "--compilation_level", "ADVANCED"]
    equal(box.run(JAVA_EXE, *words, timeout_s=120).out.strip(), "console.log(42);", "the code")


@case("Closure Compiler (GraalVM)", CLOSURE_NATIVE, task="a Java program as native code: optimises JavaScript")
def closure_native(box: Box) -> None:
    (box.work / "a.js").write_text("function unused() {}\nconst two = 1 + 1;\nconsole.log(two * 21);\n")
    words = ["--js", "a.js", "--compilation_level", "ADVANCED"]
    equal(box.run("C:\\p\\closure\\compiler.exe", *words, timeout_s=120).out.strip(), "console.log(42);", "the code")


@case("Sass (Dart)", SASS, task="compiles SCSS with a source map; its batch file through cmd")
def sass(box: Box) -> None:
    (box.work / "_part.scss").write_text("$c: #ff0000;\n")
    (box.work / "a.scss").write_text('@use "part";\na { b { color: part.$c } }\n')
    box.run("cmd", "/c", "C:\\p\\sass\\dart-sass\\sass.bat", "a.scss", "a.css")
    expect_text = "a b {\n  color: #ff0000;\n}\n"
    equal((box.work / "a.css").read_text().replace("\r\n", "\n")[: len(expect_text)], expect_text, "the style sheet")
    equal(json.loads((box.work / "a.css.map").read_text())["version"], 3, "the source map's version")


@case("Azure MCP server", AZURE_MCP, task="a program of today's .NET in one file: answers over its standard streams")
def azure_mcp(box: Box) -> None:
    program = "C:\\p\\azure-mcp\\dist\\azmcp.exe"
    settings = {"AZURE_MCP_COLLECT_TELEMETRY": "false"}
    expect(box.run(program, "--version", env=settings), "2.0.5")
    listed = json.loads(box.run(program, "tools", "list", env=settings, timeout_s=120).out)
    if not any("storage" in each["command"] for each in listed["results"]):
        equal(len(listed["results"]), "many", "the list of tools")


@case(
    "Qt tools",
    QT,
    task="compile resources and user interfaces; format QML",
    parts=("icu",),
    note="The base has to be built with `--part icu`.",
)
def qt(box: Box) -> None:
    tools = "C:\\p\\PySide6-Essentials\\PySide6"
    (box.work / "a.qrc").write_text('<RCC><qresource prefix="/"><file>a.txt</file></qresource></RCC>')
    (box.work / "a.txt").write_text("content")
    box.run(f"{tools}\\rcc.exe", "--binary", "a.qrc", "-o", "a.rcc")
    equal((box.work / "a.rcc").read_bytes()[:4], b"qres", "the head of the resources")
    (box.work / "a.ui").write_text(
        '<ui version="4.0"><class>Sample</class><widget class="QWidget" name="Sample">'
        '<property name="windowTitle"><string>Ünder</string></property></widget></ui>'
    )
    expect(box.run(f"{tools}\\uic.exe", "-g", "python", "a.ui"), "class Ui_Sample", "setWindowTitle")
    (box.work / "a.qml").write_text("import QtQml\nQtObject { property int a: 1 }\n")
    box.run(f"{tools}\\qmlformat.exe", "-i", "a.qml")
    formatted = "import QtQml\n\nQtObject {\n    property int a: 1\n}\n"
    equal((box.work / "a.qml").read_text().replace("\r\n", "\n"), formatted, "the formatted file")
