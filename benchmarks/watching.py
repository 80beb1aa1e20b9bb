"""Lifetime and memory of the processes of a Snakemake command."""

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

SCRIPT = re.compile(r"scripts/tmp\w+\.(\w+)\.py$")
SECONDS_BETWEEN_LOOKS = 0.02


@dataclass
class Job:
    """One job, with the processes that its script starts.

    Attributes:
        rule: The rule whose script it ran.
        start: When its script started, in seconds since 1970.
        seconds: From its start to its end, its imports included.
        memory: Largest resident memory of one of its processes in MiB, mapped files included. A
            sum would count twice what a process shares with its parent until it runs a program.
    """

    rule: str
    start: float
    seconds: float = 0.0
    memory: float = 0.0


def watch(command: list[str], folder: Path) -> list[Job]:
    """Run a call of Snakemake and watch the processes of its jobs. Linux only (/proc).

    Its jobs are normal processes: the memory of a fork is partly that of its template process.

    Raises:
        SystemExit: When the call fails.
    """
    said = folder / "watched.txt"
    job_of: dict[int, Job] = {}
    with said.open("wb") as out:
        process = psutil.Popen(
            command,
            cwd=folder,
            env=os.environ | {"SCENERY_PLAIN_JOBS": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        while process.poll() is None:
            now = time.time()
            for child in process.children(recursive=True):
                _look(child, job_of, now)
            time.sleep(SECONDS_BETWEEN_LOOKS)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed\n{said.read_text(encoding='utf-8')[-4000:]}")
    return list({id(job): job for job in job_of.values()}.values())


def _look(child: psutil.Process, job_of: dict[int, Job], now: float) -> None:
    try:
        if child.pid not in job_of:
            found = job_of.get(child.ppid()) or _new_job(child)
            if found is None:
                return
            job_of[child.pid] = found
        job = job_of[child.pid]
        status = Path(f"/proc/{child.pid}/status").read_text(encoding="utf-8")
    except (psutil.Error, OSError):
        return
    highest = re.search(r"VmHWM:\s+(\d+) kB", status)
    if highest:
        job.seconds = now - job.start
        job.memory = max(job.memory, int(highest[1]) / 1024)


def _new_job(process: psutil.Process) -> Job | None:
    words = process.cmdline()
    found = SCRIPT.search(words[1]) if len(words) == 2 else None
    return Job(found[1], process.create_time()) if found else None
