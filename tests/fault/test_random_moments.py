"""kill -9 at random moments under a load of both kinds: after each start nothing is left that has no record.

TRANSOM_TEST_SEED repeats a run, TRANSOM_TEST_KILLS sets how often (50 in the issue; fewer in CI, where time is short).
"""

import contextlib
import io
import os
import random
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from tests.fault.witness import Witness
from tests.support.engine import WINDOWS, Engine
from tests.support.residue import Residue

pytestmark = [
    pytest.mark.root,
    pytest.mark.wine,
    pytest.mark.needs("crun", "conmon", "busybox"),
    pytest.mark.timeout(900),
]

KILLS = int(os.environ.get("TRANSOM_TEST_KILLS", "12"))
SEED = int(os.environ.get("TRANSOM_TEST_SEED", str(random.SystemRandom().randrange(1 << 32))))


LINUX_BUILD = "FROM busybox\nRUN echo {0} > /made\nRUN seq 1000 > /more\nRUN test {0} -lt 700\n"
WINDOWS_BUILD = f"FROM {WINDOWS}\nRUN echo {{}}> C:\\made\nRUN reg add HKLM\\Software\\Made /v n /d 1 /f\n"


def context(dockerfile: str, number: int) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        text = dockerfile.format(number).encode()
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return data.getvalue()


class Load:
    """Clients that go on until told; what a dead engine answers them is of no interest."""

    def __init__(self, engine: Engine, choices: random.Random) -> None:
        self.engine = engine
        self.stopping = threading.Event()
        self.turns = threading.local()
        acts = (self._brief, self._lasting, self._exec, self._build, self._windows, self._windows_build)
        self.locks = [threading.Lock() for _ in acts]
        self.threads = [
            threading.Thread(target=self._work, args=(act, lock, random.Random(choices.random())), daemon=True)
            for act, lock in zip(acts, self.locks, strict=True)
        ]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Wait until no command is under way, and let none begin before the block has ended."""
        with contextlib.ExitStack() as held:
            for lock in self.locks:
                held.enter_context(lock)
            yield

    def _work(self, act: Callable[[random.Random], None], lock: threading.Lock, choices: random.Random) -> None:
        self.turns.lock = lock
        while not self.stopping.is_set():
            with contextlib.suppress(subprocess.TimeoutExpired):
                act(choices)

    def _docker(self, *arguments: str, stdin: bytes = b"") -> None:
        environment = {"DOCKER_BUILDKIT": "0"}
        with self.turns.lock:
            self.engine.docker(*arguments, stdin=stdin, check=False, timeout_s=30, env=environment)

    def _brief(self, choices: random.Random) -> None:
        network = choices.choice(("none", "bridge"))
        self._docker("run", "--rm", "--network", network, "-v", "/anonymous", "busybox", "echo", "hello")

    def _lasting(self, choices: random.Random) -> None:
        name = f"lasting-{choices.randrange(3)}"
        self._docker("run", "-d", "--name", name, "-p", "127.0.0.1::80", "busybox", "sleep", "1000")
        self._docker(*choices.choice((("stop", "-t", "0"), ("restart", "-t", "0"), ("pause",), ("kill",))), name)
        self._docker("rm", "-f", name)

    def _exec(self, choices: random.Random) -> None:
        self._docker("exec", "witness", "echo", str(choices.random()))

    def _build(self, choices: random.Random) -> None:
        text = context(LINUX_BUILD, choices.randrange(1000))
        self._docker("build", "-q", "-t", "random:1", "-", stdin=text)

    def _windows(self, choices: random.Random) -> None:
        network = choices.choice(("none", "bridge"))
        self._docker("run", "--rm", "--network", network, WINDOWS, "cmd", "/c", "echo hello")
        self._docker("exec", "windows-witness", "cmd", "/c", f"echo {choices.random()}")

    def _windows_build(self, choices: random.Random) -> None:
        text = context(WINDOWS_BUILD, choices.randrange(1000))
        self._docker("build", "-q", "-t", "random:2", "--network", "none", "-", stdin=text)


@dataclass(frozen=True, slots=True)
class WindowsWitness:
    """A Windows program that waits for input, whatever happens to the engine."""

    engine: Engine
    pid: str

    @classmethod
    def start(cls, engine: Engine) -> "WindowsWitness":
        engine.docker("run", "-di", "--name", "windows-witness", WINDOWS, "cmd")
        return cls(engine, cls._pid(engine))

    @staticmethod
    def _pid(engine: Engine) -> str:
        return engine.docker("inspect", "-f", "{{.State.Status}} {{.State.Pid}}", "windows-witness").out

    def check(self) -> None:
        """It is the process it was, and takes an exec."""
        assert self._pid(self.engine) == self.pid
        assert self.engine.docker("exec", "windows-witness", "cmd", "/c", "echo inside").out == "inside\r\n"


def test_killed_at_random_moments(engine: Engine, residue: Residue) -> None:
    print(f"TRANSOM_TEST_SEED={SEED}")
    choices = random.Random(SEED)
    engine.ensure_base()
    witness = Witness.start(engine, "witness")
    windows = WindowsWitness.start(engine)
    try:
        with Load(engine, choices) as load:
            for number in range(KILLS):
                time.sleep(choices.uniform(0.02, 1.2))  # the moment is what is tested
                engine.kill()
                with load.quiet():
                    engine.start()
                    left = residue.settle()
                    assert left == [], f"after kill {number}, seed {SEED}"
                    witness.check()
                    windows.check()
    finally:
        if not engine.is_running:
            engine.start()
        engine.docker("rmi", "-f", "random:1", "random:2", check=False)
        engine.docker("image", "prune", "-f", check=False)
        engine.docker("builder", "prune", "-af", check=False)
    engine.docker("run", "--rm", "busybox", "true")
