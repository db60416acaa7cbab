"""Option parsers of the tools, given nonsense: each says something and ends."""

import random
import re
from collections.abc import Iterator

import pytest
from tests.support.batch import Box, batch_box
from tests.support.engine import Engine
from tests.support.windows import COMPILER

from transom.drivers.exec.wine.base.programs import TOOLS

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", COMPILER),
    pytest.mark.timeout(300),
]
# These would go on for ever, wait for a signal or a time, end the container, or every program of a name; the last is
# its own.
LEFT_OUT = ("ping", "shutdown", "taskkill", "waitfor", "timeout", "pwsh", "powershell")
PIECES = (
    *"/ - /?x /a /b -n /fo /fi /m /c /c: /s /d /p /r /add /t: /+ /+-1 /exclude: /user: /format:".split(),
    *"csv get where call".split(),
    *"print add query create -hashfile -store file hardlink * ? *.* . .. C: \\\\?\\ \\\\.\\pipe\\x nul f.txt".split(),
    *"nosuch 99999999999999999999 -1 0 0x @file %% 日本 grüße a=b = : ; , ^ ~ [ [a- \\".split(),
    *('""', '" "', '"', "x" * 300, "/" + "y" * 5000, "a" * 6000),
)
OWN_PIECES = {
    "driverquery": "/fo list csv table /v /nh".split(),
    "more": "/t3 +2 /s /e".split(),
    "netsh": "http add show delete urlacl url=http://+:1/ user=Everyone advfirewall firewall rule name=x int".split(),
    "nslookup": "-type=MX -retry=1 -timeout=1 - 127.0.0.1".split(),
    "reg": "query add compare copy export import HKCU\\X HKCU\\Y HKCU\\X\\Z /v /ve /s /f /t REG_MULTI_SZ /d".split(),
    "subst": "X: Y: /d C:\\w".split(),
    "tracert": "-h 1 -w 1 -d 127.0.0.1".split(),
    "wevtutil": "el gl qe cl Application /f:text".split(),
}
"""What these know, besides."""
CRASHES = {0xC0000005, 0xC00000FD, 0xC0000409, 0xC0000374, 0xC0000094, 0xC000001D, 0x80000003}
ROUNDS = 8
SEED = 2026
"""Fixed: some nonsense means work without an end, as on Windows (`robocopy /s C:\\ d`)."""


@pytest.fixture(scope="module")
def box(shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with batch_box(shared_engine, tmp_path_factory.mktemp("fuzz")) as made:
        yield made


def test_nonsense_crashes_and_hangs_no_tool(box: Box) -> None:
    rng = random.Random(SEED)
    names = [name.rpartition("/")[2].partition(".")[0] for name in TOOLS]
    lines = [
        f"{name} {' '.join(rng.choices((*PIECES, *OWN_PIECES.get(name, ()) * 4), k=rng.randrange(1, 6)))}"
        for name in names
        if name not in LEFT_OUT
        for _ in range(ROUNDS)
    ]
    script = ["md C:\\w\\in", "cd /d C:\\w\\in", "echo text>f.txt"]
    for number, line in enumerate(lines):
        # Each in a file of its own: a quote that is not closed takes nothing of the next one with it.
        (box.shared / f"{number}.cmd").write_bytes(f"@{line} <nul >nul 2>nul\r\n".encode())
        script += [f"cmd /c C:\\t\\{number}.cmd", f"echo {number} %errorlevel%"]

    done = box.run(*script)

    told = re.findall(r"^(\d+) (-?\d+)$", done.out, re.MULTILINE)
    codes = {int(number): int(code) & 0xFFFFFFFF for number, code in told}
    assert set(codes) == set(range(len(lines))), done.err[-500:]
    assert {lines[number]: hex(code) for number, code in codes.items() if code in CRASHES} == {}
