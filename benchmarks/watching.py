"""The jobs of a Snakemake call as the system sees them: how long each process lives, its memory."""

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
    """One job's process.

    Attributes:
        rule: The rule whose script it ran.
        seconds: From its start to its end, its imports included.
        memory: Largest resident memory in MiB, mapped files included.
    """

    rule: str
    seconds: float
    memory: float


def watch(command: list[str], folder: Path) -> list[Job]:
    """Run a call of Snakemake and watch the processes of its jobs. Linux only (/proc).

    Raises:
        SystemExit: When the call fails.
    """
    said = folder / "watched.txt"
    seen: dict[int, tuple[Job, float]] = {}
    with said.open("wb") as out:
        process = psutil.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        while process.poll() is None:
            now = time.time()
            for child in process.children(recursive=True):
                _look(child, seen, now)
            time.sleep(SECONDS_BETWEEN_LOOKS)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed\n{said.read_text(encoding='utf-8')[-4000:]}")
    return [job for job, _ in seen.values()]


def _look(child: psutil.Process, seen: dict[int, tuple[Job, float]], now: float) -> None:
    try:
        if child.pid not in seen:
            words = child.cmdline()
            found = SCRIPT.search(words[1]) if len(words) == 2 else None
            if found is None:
                return
            seen[child.pid] = (Job(found[1], 0.0, 0.0), child.create_time())
        job, start = seen[child.pid]
        status = Path(f"/proc/{child.pid}/status").read_text(encoding="utf-8")
    except (psutil.Error, OSError):
        return
    highest = re.search(r"VmHWM:\s+(\d+) kB", status)
    if highest:
        job.seconds = now - start
        job.memory = int(highest[1]) / 1024
