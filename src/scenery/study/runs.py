"""Which Snakemake works in this folder, and what one that was killed left behind.

Snakemake locks the files that it makes, but cannot tell a lock of a running Snakemake from one of
a killed one, and jobs that a killed one had submitted to Slurm run on. So every run leaves a note
of itself in `.snakemake/scenery`, removed at its end.
"""

import contextlib
import functools
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from scenery.errors import UserError

NOTES = Path(".snakemake/scenery")
LOCKS = Path(".snakemake/locks")
# States of Slurm in which a job has not begun; in all others that squeue lists by itself it may
# still write files.
WAITING = ("PENDING", "CONFIGURING")


@dataclass(frozen=True)
class Run:
    """One Snakemake at work in this folder.

    Attributes:
        host: Name of its machine.
        process: Its number there.
        started: When that process began, in seconds since 1970; numbers are used again.
        since: The same for people.
        locks: Names of its files in `.snakemake/locks`.
    """

    host: str
    process: int
    started: float
    since: str
    locks: tuple[str, ...]

    @property
    def file(self) -> Path:
        """Its note."""
        return NOTES / f"{self.host}-{self.process}.json"

    @property
    def alive(self) -> bool:
        """Whether it is at work. On another machine that is unknown: as long as its lock is."""
        if self.host != socket.gethostname():
            return any((LOCKS / name).exists() for name in self.locks)
        try:
            process = psutil.Process(self.process)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return abs(process.create_time() - self.started) < 2
        except psutil.NoSuchProcess:
            return False

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.since}"


def look_around() -> list[Run]:
    """The other runs at work in this folder; the locks of killed ones are lifted.

    Says on standard error what it found, since Snakemake's own refusal names neither.
    """
    alive = []
    for run in _noted():
        if run.alive:
            alive.append(run)
            if run.process != os.getpid():
                print(f"In this folder Snakemake is at work: {run}.", file=sys.stderr)
            continue
        left = [LOCKS / name for name in run.locks if (LOCKS / name).exists()]
        for lock in left:
            lock.unlink(missing_ok=True)
        if left:
            print(f"Snakemake was killed here ({run}); its lock is lifted.", file=sys.stderr)
        run.file.unlink(missing_ok=True)
    return [run for run in alive if run.process != os.getpid()]


def begin(submits: bool) -> None:
    """Note this run. To be called once Snakemake holds its lock and before it runs any job.

    What a killed Snakemake left at work in this folder ends before: processes on this machine are
    stopped, jobs in Slurm see `settle_left_jobs`.

    Args:
        submits: Whether jobs go to Slurm.

    Raises:
        UserError: When another Snakemake is at work in this folder.
    """
    others = look_around()
    if others:
        other = others[0]
        message = (
            f"Another Snakemake is at work in this folder ({other}). Wait for its end, stop it "
            "with Ctrl-C, or run this study in a folder of its own."
        )
        if other.host != socket.gethostname():
            message += f" If it is dead: snakemake --unlock, and remove {other.file}"
        raise UserError(message)
    process = psutil.Process()
    run = Run(
        host=socket.gethostname(),
        process=process.pid,
        started=process.create_time(),
        since=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.create_time())),
        locks=tuple(sorted(path.name for path in LOCKS.glob("*.lock"))),
    )
    NOTES.mkdir(parents=True, exist_ok=True)
    run.file.write_text(json.dumps(asdict(run)), encoding="utf-8")
    if submits or shutil.which("squeue"):
        settle_left_jobs(functools.partial(queued_jobs, patient=submits))
    stop_left_processes()


def end() -> None:
    """Remove the note of this run."""
    (NOTES / f"{socket.gethostname()}-{os.getpid()}.json").unlink(missing_ok=True)


@dataclass(frozen=True)
class SlurmJob:
    """A job of this folder in Slurm's queue; `comment` names its rule, experiment and trial."""

    number: str
    state: str
    comment: str


def settle_left_jobs(queue: Callable[[], Sequence[SlurmJob]], pause: float = 10.0) -> None:
    """Wait until no job that an earlier Snakemake submitted from this folder is left.

    They write the same files as the jobs that are about to be submitted in their place. Those that
    run are waited for, since their work is not lost; those that wait in the queue are cancelled.

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


def queued_jobs(patient: bool) -> list[SlurmJob]:
    """Jobs of this user and folder that Snakemake submitted and that have not ended.

    Args:
        patient: Wait while Slurm cannot be reached; otherwise there are then none.
    """
    command = ["squeue", "--noheader", "--user", getpass.getuser(), "--format", "%i|%T|%Z|%k"]
    while True:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            break
        if not patient:
            return []
        _say(f"Waiting for Slurm: {result.stderr.strip()}")
        time.sleep(10)
    here = str(Path.cwd())
    rows = [line.split("|", 3) for line in result.stdout.splitlines()]
    return [
        SlurmJob(number, state, comment)
        for number, state, folder, comment in rows
        # The folder may be reached by several paths.
        if comment.startswith("rule_") and os.path.realpath(folder) == os.path.realpath(here)
    ]


def cancel(jobs: Sequence[SlurmJob]) -> None:
    """Take jobs out of the queue; one that has begun meanwhile goes on and is waited for."""
    numbers = [job.number for job in jobs]
    subprocess.run(
        ["scancel", "--state=PENDING", *numbers], capture_output=True, text=True, check=False
    )


def stop_left_processes() -> None:
    """Stop scripts of this folder that a killed Snakemake left running on this machine."""
    here = os.path.realpath(Path.cwd())
    left = []
    for process in psutil.process_iter(["cwd", "cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        folder = process.info["cwd"]
        if ".snakemake/scripts/tmp" in command and folder and os.path.realpath(folder) == here:
            left.append(process)
    if not left:
        return
    _say(f"Stopping {len(left)} process(es) that a killed Snakemake left running here.")
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(left, timeout=10)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def _noted() -> list[Run]:
    runs = []
    for file in sorted(NOTES.glob("*.json")):
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            runs.append(Run(**{**values, "locks": tuple(values["locks"])}))
        except (OSError, ValueError, KeyError, TypeError):
            # Written by another version, or half written by a run that was killed just then.
            file.unlink(missing_ok=True)
    return runs


def _names(jobs: Sequence[SlurmJob]) -> str:
    names = [
        f"{j.number} ({j.comment.removeprefix('rule_').replace('_wildcards_', ' ')})" for j in jobs
    ]
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
