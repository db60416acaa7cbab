"""Signals that we get while a container is in the foreground: passed on, or made into a new size."""

import contextlib
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator

from transom.cli.terminal import size
from transom.client.engine import EngineClient, segment
from transom.errors import TransomError

KEPT = {
    *(signal.SIGCHLD, signal.SIGPIPE, signal.SIGURG, signal.SIGKILL, signal.SIGSTOP, signal.SIGWINCH),
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL),  # ours alone: a handler would loop on the fault
}
RESIZE_TRIES = 10


@contextlib.contextmanager
def _worker(act: Callable[[int], object], signals: set[signal.Signals]) -> Iterator[None]:
    """Call act in a thread for each of the signals that arrives while the block runs.

    Handlers only note the number: a call to the engine inside one could meet itself.
    """
    arrived: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def serve() -> None:
        while (number := arrived.get()) is not None:
            act(number)

    before = {number: signal.signal(number, lambda caught, _: arrived.put(caught)) for number in signals}
    thread = threading.Thread(target=serve, name="signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        arrived.put(None)


@contextlib.contextmanager
def forward_signals(client: EngineClient, container: str, *, enabled: bool) -> Iterator[None]:
    """Send the container every signal that we get while the block runs."""
    if not enabled:
        yield
        return

    def kill(number: int) -> None:
        with contextlib.suppress(TransomError, OSError):  # it may have exited just now
            client.post(f"/containers/{segment(container)}/kill", {"signal": signal.Signals(number).name[3:]})

    proxied = set(signal.Signals) - KEPT
    with _worker(kill, proxied):
        yield


@contextlib.contextmanager
def follow_size(client: EngineClient, path: str, *, enabled: bool) -> Iterator[Callable[[], None]]:
    """Keep the container's terminal as large as ours; yields what sets the size for the first time.

    path is the resize endpoint's. The first call may come before the terminal exists, so it is
    tried a few times.
    """

    def resize() -> bool:
        rows, columns = size()
        if not rows and not columns:
            return True
        try:
            client.post(path, {"h": rows, "w": columns})
        except (TransomError, OSError):
            return False
        return True

    def first() -> None:
        if not enabled:
            return
        for attempt in range(RESIZE_TRIES):
            if resize():
                return
            time.sleep(0.01 * (attempt + 1))

    if not enabled:
        yield first
        return
    with _worker(lambda _: resize(), {signal.SIGWINCH}):
        yield first
