"""A benchmark that ends, by itself or by a signal, leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from benchmarks.ending import MARK, end, marked

REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS = 60
# Starts a process in a session of its own, which starts another one, as Snakemake and its jobs.
STARTS = """
import os, subprocess, sys, time
from benchmarks.ending import MARK, ending_all
inner = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
with ending_all():
    subprocess.Popen([sys.executable, "-c", inner], start_new_session=True)
    print(os.environ[MARK], flush=True)
    time.sleep(float(sys.argv[1]))
"""


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def start(*command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *command], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True,
        env={name: value for name, value in os.environ.items() if name != MARK},
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_ends_all_processes_that_were_started(number: signal.Signals) -> None:
    process = start("-c", STARTS, "600")
    assert process.stdout is not None
    mark = process.stdout.readline().strip()
    try:
        # The process itself got its mark after its start, so that it is not among them.
        assert wait_until(lambda: len(marked(mark)) == 2)
        process.send_signal(number)
        assert process.wait(SECONDS) in (128 + number, -number)
        assert wait_until(lambda: not marked(mark))
    finally:
        process.kill()
        end(mark)


def test_a_normal_end_leaves_no_process() -> None:
    process = start("-c", STARTS, "0.1")
    mark, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert not marked(mark.strip())


def test_a_killed_benchmark_ends_the_calls_of_snakemake(tmp_path: Path) -> None:
    options = ("--tiny", "--work", str(tmp_path), "--out", str(tmp_path))
    process = start("-m", "benchmarks", "startup", *options)
    started: set[psutil.Process] = set()

    def calls() -> bool:
        children = psutil.Process(process.pid).children(recursive=True)
        started.update(children)
        return any("snakemake" in " ".join(child.cmdline()) for child in children)

    try:
        assert wait_until(calls)
        process.kill()
        process.wait(SECONDS)
        assert wait_until(lambda: not any(_is_running(child) for child in started))
    finally:
        process.kill()


def _is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
