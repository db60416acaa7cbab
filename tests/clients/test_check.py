"""`transom check`: what Windows programs of an image would not find."""

from pathlib import Path

import pytest
from tests.support.engine import WINDOWS, Engine
from tests.support.pe import ARM64, I386, program
from tests.support.windows import PROBE

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox"),
    pytest.mark.timeout(600),
]
FORM = "{{.Program}}|{{.Needs}}|{{.When}}"


def build(engine: Engine, context: Path, tag: str, **files: bytes) -> None:
    for name, content in files.items():
        (context / name.replace("_", ".")).write_bytes(content)
    (context / "Dockerfile").write_text(
        f'FROM {WINDOWS}\nENV PATH="C:\\tools;C:\\Windows\\System32"\nCOPY *.exe *.dll *.sys C:/app/\n'
        "COPY more.dll C:/tools/\nWORKDIR C:/app\n"
    )
    engine.docker("build", "-q", "-t", tag, str(context), timeout_s=300)


@pytest.fixture
def checked(windows: Engine, tmp_path: Path) -> Engine:
    build(
        windows,
        tmp_path,
        "checked",
        app_exe=program(
            {
                "KERNEL32.dll": ["Sleep", "NoSuchFunction"],
                "api-ms-win-core-synch-l1-2-0.dll": ["WaitOnAddress"],
                "Brought.DLL": ["Given", "NotGiven"],
                "more.dll": ["Given"],
                "gone.dll": ["Call"],
            },
            delayed={"later.dll": ["Call"]},
        ),
        brought_dll=program({"gone.dll": ["Call"], "further.dll": ["Call"]}, exports=["Given"]),
        more_dll=program(exports=["Given"]),
        good_exe=program({"kernel32.dll": ["Sleep"], "USER32.dll": ["MessageBoxW"]}),
        old_exe=program(machine=I386),
        arm_exe=program(machine=ARM64),
        net_exe=program({"mscoree.dll": ["_CorExeMain"]}, managed=True),
        drv_sys=program({"ntoskrnl.exe": ["DbgPrint"]}, subsystem=1),
        bad_exe=b"MZ nothing more",
    )
    return windows


def test_what_is_missing_is_told(checked: Engine) -> None:
    done = checked.transom("image", "check", "--format", FORM, "checked", "App", check=False)
    assert done.code == 1
    app = "C:\\app\\app.exe"
    assert set(done.out.splitlines()) == {
        f"{app}|Brought.DLL!NotGiven|at start",
        f"{app}|gone.dll|at start",
        f"{app}|KERNEL32.dll!NoSuchFunction|when used",
        f"{app}|later.dll|when used",
        "C:\\app\\brought.dll|gone.dll|at start",
        "C:\\app\\brought.dll|further.dll|at start",
    }
    assert "1 program checked, 6 missing" in done.err


def test_every_program_of_the_image_is_read(checked: Engine) -> None:
    done = checked.transom("check", "checked", check=False)
    assert done.code == 1
    for name, word in {
        "old": "--part wow64",
        "arm": "ARM64",
        "net": ".NET 6 and later",
        "bad": "ends within its headers",
    }.items():
        (line,) = [line for line in done.out.splitlines() if line.startswith(f"C:\\app\\{name}.exe")]
        assert word in line
    assert "it is a driver" in done.out
    assert "good.exe" not in done.out


def test_a_program_that_has_all_passes(checked: Engine, probed: Engine) -> None:
    assert checked.transom("check", "checked", "C:\\app\\good.exe").out == ""
    assert probed.transom("check", PROBE, "probe").out == ""


def test_a_program_that_cannot_start_says_what_it_needs(checked: Engine) -> None:
    done = checked.docker("run", "--name", "lacking", "--network", "none", "checked", "app", check=False)
    assert set(done.err.splitlines()) == {
        "transom: app.exe needs Brought.DLL, which cannot be loaded: `transom check` tells why",
        "transom: app.exe needs gone.dll, which is neither in the image nor in the Windows base",
    }
    assert checked.docker("inspect", "-f", "{{.State.ExitCode}}", "lacking").out.strip() == str(0xC0000135)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("checked", "nothing.exe"), "there is no program nothing.exe in the image"),
        (("checked", "C:\\app\\bad.exe"), "not a Windows program"),
        (("busybox",), "is not a Windows image"),
        (("no-such-image",), "No such image"),
    ],
)
def test_what_cannot_be_checked_is_refused(checked: Engine, arguments: tuple[str, ...], error: str) -> None:
    done = checked.transom("check", *arguments, check=False)
    assert done.code == 1
    assert error in done.err
