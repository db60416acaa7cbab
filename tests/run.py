"""pytest below a process that adopts and reaps what the tests leave, as init would: `python -m tests.run ARGUMENTS`.

After pytest's end every process still there is named, killed, and fails the run. pytest itself cannot do this: it
would have to reap orphans and would take the exit codes of children that a test still waits for.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

from tests.leftovers import descendants

PR_SET_CHILD_SUBREAPER = 36
ENDING_S = 5.0


def main(arguments: list[str]) -> int:
    """Return pytest's exit code, or 1 if it left processes behind."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    pytest = subprocess.Popen([sys.executable, "-m", "pytest", *arguments])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # pytest hears it too, and ends in its own way
    code = _reap_until(pytest.pid)
    left = _wait_for_the_rest()
    for pid, command in left.items():
        print(f"LEFT BEHIND: process {pid} {command}", flush=True)
        os.kill(pid, signal.SIGKILL)
    return 1 if left and code == 0 else code


def _reap_until(pid: int) -> int:
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def _wait_for_the_rest() -> dict[int, str]:
    deadline = time.monotonic() + ENDING_S
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return {}
        left = descendants()
        if time.monotonic() > deadline:
            return left
        time.sleep(0.05)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
