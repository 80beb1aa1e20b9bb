"""Ends everything that a benchmark started when the benchmark ends, however it ends.

Benchmarks start Snakemake, which starts jobs, some of them in sessions of their own. All of them
inherit one environment variable, by which they are found. A guard process does this when the
benchmark is killed and cannot do it itself.
"""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import FrameType

import psutil

MARK = "SCENERY_BENCHMARK"
# Seconds that processes have to end in order before they are killed.
PATIENCE = 10.0
SECONDS_BETWEEN_LOOKS = 0.1
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def ending_all() -> Iterator[None]:
    """End every process that was started inside this context when it is left.

    It is also left on the signals SIGINT, SIGTERM and SIGHUP. If this process is killed, a guard
    process ends the others. Within another such context this one does nothing.
    """
    if MARK in os.environ:
        yield
        return
    mark = secrets.token_hex(16)
    guard = subprocess.Popen(
        [sys.executable, __file__, mark], stdin=subprocess.PIPE, start_new_session=True
    )
    os.environ[MARK] = mark
    before = {number: signal.signal(number, _leave) for number in SIGNALS}
    try:
        yield
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        end(mark)
        del os.environ[MARK]
        if guard.stdin:
            guard.stdin.close()
        guard.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def end(mark: str, patience: float = PATIENCE) -> None:
    """Terminate all processes with a mark except this one; kill those that are left.

    Args:
        mark: Value of the environment variable `MARK`.
        patience: Seconds between the two.
    """
    deadline = time.monotonic() + patience
    told: set[psutil.Process] = set()
    while found := marked(mark):
        late = time.monotonic() > deadline
        for process in found if late else found - told:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill() if late else process.terminate()
        told |= found
        time.sleep(SECONDS_BETWEEN_LOOKS)


def marked(mark: str) -> set[psutil.Process]:
    """The other running processes that have a mark."""
    found = set()
    for process in psutil.process_iter():
        # Other users' processes cannot be looked at, and those that have ended have no variables.
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and process.environ().get(MARK) == mark:
                found.add(process)
    return found


if __name__ == "__main__":
    # Nothing is ever written: the pipe ends with the benchmark.
    sys.stdin.buffer.read()
    end(sys.argv[1])
