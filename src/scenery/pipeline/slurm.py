"""What Slurm's queue holds of this folder's jobs: those that a killed Snakemake left, and those
that failed."""

import getpass
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

# States in which a job has not begun; in all others that squeue lists by itself it may still write
# files.
WAITING = ("PENDING", "CONFIGURING")
MAX_NAMES = 10


@dataclass(frozen=True)
class SlurmJob:
    """A job of this folder as Slurm knows it.

    Attributes:
        number: Its number.
        state: Its state in full.
        reason: Why it waits or failed, where Slurm says so.
        comment: The name that Snakemake gave it, with rule and wildcards.
    """

    number: str
    state: str
    reason: str
    comment: str

    @property
    def rule(self) -> str:
        """Its rule."""
        return self.comment.removeprefix("rule_").partition("_wildcards_")[0]

    def __str__(self) -> str:
        wildcards = self.comment.partition("_wildcards_")[2]
        return f"{self.number} ({self.rule}{' ' if wildcards else ''}{wildcards})"


def cancel_orphaned_jobs(queue: Callable[[], Sequence[SlurmJob]], pause: float = 10.0) -> None:
    """Wait until no job that an earlier Snakemake submitted from this folder is left.

    They write the same files as the jobs that are about to be submitted in their place. Those that
    run are waited for, since their work is not lost; those that wait in the queue are canceled.

    Args:
        queue: Gives the jobs in Slurm's queue.
        pause: Seconds between two looks.
    """
    told: set[str] = set()
    while jobs := queue():
        waiting = [job for job in jobs if job.state in WAITING]
        if waiting:
            _say(f"Cancelling jobs that a killed Snakemake left in the queue: {_names(waiting)}")
            cancel(waiting)
        running = [job for job in jobs if job not in waiting]
        if running and {job.number for job in running} - told:
            told |= {job.number for job in running}
            _say(
                f"Waiting for jobs that a killed Snakemake left running: {_names(running)}. Not to "
                f"wait: scancel {' '.join(job.number for job in running)}; fine-tuning then goes "
                "on from its last epoch."
            )
        time.sleep(pause if running else min(pause, 1.0))


def queued_jobs(patient: bool, states: str = "") -> list[SlurmJob]:
    """Jobs of this user and folder that Snakemake submitted.

    Args:
        patient: Wait while Slurm cannot be reached; otherwise there are then none.
        states: States to look for, divided by commas; empty: all of jobs that have not ended.
    """
    command = ["squeue", "--noheader", "--user", getpass.getuser(), "--format", "%i|%T|%r|%Z|%k"]
    command += [f"--states={states}"] if states else []
    while True:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            break
        if not patient:
            return []
        _say(f"Waiting for Slurm: {result.stderr.strip()}")
        time.sleep(10)
    # The folder may be reached by several paths.
    here = os.path.realpath(Path.cwd())
    rows = [line.split("|", 4) for line in result.stdout.splitlines()]
    return [
        SlurmJob(number, state, reason, comment)
        for number, state, reason, folder, comment in rows
        if comment.startswith("rule_") and os.path.realpath(folder) == here
    ]


def explain_failed_jobs() -> None:
    """Say for each rule of which the last jobs failed for want of something what to set."""
    last: dict[str, SlurmJob] = {}
    for job in sorted(queued_jobs(patient=False, states="all"), key=_age):
        last[job.comment] = job
    failed: dict[tuple[str, str], SlurmJob] = {}
    for job in last.values():
        hint = _hint(job)
        if hint:
            failed[job.rule, hint] = job
    for (_, hint), job in failed.items():
        _say(f"Slurm job {job}: {hint}")


def _age(job: SlurmJob) -> int:
    return int("0" + "".join(itertools.takewhile(str.isdigit, job.number)))


def _hint(job: SlurmJob) -> str:
    if job.reason == "JobLaunchFailure":
        return (
            f"its node could not open {Path.cwd()}, where the job was to begin. All nodes must see "
            f"the project under the same path (try: srun ls {Path.cwd()}): put it on a file system "
            "that they share, often below /scratch or /work, and call Snakemake there"
        )
    ask = f"ask for more with --set-resources {job.rule}:"
    return {
        "OUT_OF_MEMORY": f"it had too little memory in every attempt; {ask}mem_mb=32000 (MB)",
        "TIMEOUT": f"it took longer than allowed in every attempt; {ask}runtime=1440 (minutes); "
        "fine-tuning goes on from its last epoch",
        "NODE_FAIL": "its node broke down; call Snakemake again",
    }.get(job.state, "")


def cancel(jobs: Sequence[SlurmJob]) -> None:
    """Take jobs out of the queue; one that has begun meanwhile goes on and is waited for."""
    numbers = [job.number for job in jobs]
    subprocess.run(
        ["scancel", "--state=PENDING", *numbers], capture_output=True, text=True, check=False
    )


def _names(jobs: Sequence[SlurmJob]) -> str:
    more = f" and {len(jobs) - MAX_NAMES} more" if len(jobs) > MAX_NAMES else ""
    return ", ".join(str(job) for job in jobs[:MAX_NAMES]) + more


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
