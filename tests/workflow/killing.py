"""Killing a running study with signal 9, and comparing what two studies gave."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
from checkout import Checkout

TARGET = "results/summary.csv"
TIMES = ("seconds", "peak_memory_mb")
VICTIMS = ("job", "snakemake", "group", "server")
SCRIPT = ".snakemake/scripts/tmp"


def start(checkout: Checkout) -> subprocess.Popen[bytes]:
    """Snakemake at work in a process group of its own."""
    dropped = ("SNAKEMAKE_PROFILE", "PYTHONPATH")
    with (checkout.folder / "output.txt").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", TARGET, "--configfile", checkout.config],
            cwd=checkout.folder,
            env={key: value for key, value in os.environ.items() if key not in dropped},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def kill_at(
    checkout: Checkout, victim: str, jobs: int, seconds: float, draw: random.Random
) -> str | None:
    """Start Snakemake and kill something of it after a while.

    Args:
        checkout: Where.
        victim: job (a script at work), snakemake (which leaves its jobs behind), group (both) or
            server (a process of the job server: itself, one that forks, or a fork).
        jobs: Jobs to wait for first; a number of seconds alone would depend on the machine.
        seconds: How long to wait then.
        draw: Which of several processes.

    Returns:
        What was killed; None where Snakemake was through before.
    """
    before = _finished(checkout)
    running = start(checkout)
    while running.poll() is None and _finished(checkout) < before + jobs:
        time.sleep(0.05)
    with contextlib.suppress(subprocess.TimeoutExpired):
        running.wait(seconds)
    while running.poll() is None:
        jobs = _jobs(running.pid)
        found = {"job": jobs, "server": _server_processes(running.pid)}.get(victim)
        if found == []:
            # Between two jobs, or before the server starts; there will be one in a moment.
            time.sleep(0.05)
            continue
        if found:
            process, name = draw.choice(found)
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
            running.wait()
            return name
        at_work = " and ".join(name for _, name in jobs) or "no job"
        if victim == "group":
            os.killpg(running.pid, signal.SIGKILL)
        else:
            running.kill()
        running.wait()
        return f"{victim}, with {at_work}"
    assert running.returncode == 0, (checkout.folder / "output.txt").read_text()[-4000:]
    return None


def _finished(checkout: Checkout) -> int:
    output = checkout.folder / "output.txt"
    return output.read_text("utf-8").count("\nFinished jobid") if output.exists() else 0


def _jobs(snakemake: int) -> list[tuple[psutil.Process, str]]:
    """The scripts that a Snakemake runs, with their names."""
    found = []
    for process in psutil.Process(snakemake).children(recursive=True):
        try:
            script = next((word for word in process.cmdline() if SCRIPT in word), None)
        except psutil.NoSuchProcess:
            continue
        if script is not None:
            found.append((process, script.split(".")[-2]))
    return found


def _server_processes(snakemake: int) -> list[tuple[psutil.Process, str]]:
    """The job server of a Snakemake, its template processes and the forks at work."""
    found = []
    for process in psutil.Process(snakemake).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            words = " ".join(process.cmdline())
            if "job_server/server.py" in words:
                found.append((process, "job server"))
            elif "import template" in words:
                found.append((process, "template or fork"))
    return found


def results_of(checkout: Checkout) -> dict[str, str | bytes]:
    """What a study gave, times aside: tables, choices, predictions and scores, by file."""
    root = checkout.folder / "results"
    found: dict[str, str | bytes] = {
        name: _without_times(root / name) for name in ("summary.csv", "trials.csv")
    }
    return found | experiments_of(checkout)


def experiments_of(checkout: Checkout) -> dict[str, str | bytes]:
    """The files of its experiments among them."""
    root = checkout.folder / "results"
    found: dict[str, str | bytes] = {}
    for pattern in ("trials.csv", "chosen.yaml", "test/*", "*/*/predictions.csv"):
        for path in sorted(root.glob(f"experiments/*/{pattern}")):
            content = _without_times(path) if path.name == "trials.csv" else path.read_bytes()
            found[str(path.relative_to(root))] = content
    return found


def _without_times(path: Path) -> str:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return str(table.drop(columns=[name for name in TIMES if name in table]).to_csv(index=False))
