"""A process whose output nobody can read any more ends, and its children with it."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from scenery.installation import SOURCE
from scenery.pipeline.terminal_watch import is_gone

# Starts a child that ignores the signal, tells its number, and waits.
PROGRAM = """
import signal, subprocess, sys, time
from scenery.pipeline.terminal_watch import watch_terminal
if {stubborn}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
child = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)"], stdout=subprocess.DEVNULL
)
watch_terminal(interval=0.05, patience=0.5)
# In one piece: the reader leaves after it.
sys.stdout.write(f"{{child.pid}}\\n")
sys.stdout.flush()
time.sleep(600)
"""


def start(stubborn: bool, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(stubborn=stubborn)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )


@pytest.mark.parametrize("stubborn", [False, True])
@pytest.mark.parametrize("kind", ["pipe", "terminal"])
def test_watch_terminal_ends_process_and_children(kind: str, stubborn: bool) -> None:
    reading, writing = os.pipe() if kind == "pipe" else pty.openpty()
    process = start(stubborn, writing)
    os.close(writing)
    child = psutil.Process(int(os.read(reading, 100)))
    assert process.poll() is None
    os.close(reading)
    expected = -(signal.SIGKILL if stubborn else signal.SIGTERM)
    assert process.wait(60) == expected
    # It may be left to the system for a moment as a zombie.
    gone, alive = psutil.wait_procs([child], timeout=60)
    assert gone or alive[0].status() == psutil.STATUS_ZOMBIE


def test_is_gone_files_and_open_pipes_are_there(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with (tmp_path / "log.txt").open("w") as file, Path(os.devnull).open("w") as nothing:
        assert not any(is_gone(one) for one in (file.fileno(), nothing.fileno(), writing))
        os.close(reading)
        assert is_gone(writing)
    os.close(writing)
