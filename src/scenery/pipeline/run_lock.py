"""Which Snakemake works in this folder, and what one that was killed left behind.

Snakemake locks the files that it makes, but cannot tell a lock of a running Snakemake from one of
a killed one, and jobs that a killed one had submitted to Slurm run on. So every run leaves a note
of itself in `.snakemake/scenery`, removed at its end.
"""

import contextlib
import functools
import json
import os
import shutil
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from scenery.errors import UserError
from scenery.pipeline.layout import Layout
from scenery.pipeline.slurm import cancel_orphaned_jobs, explain_failed_jobs, queued_jobs

NOTES = Path(".snakemake/scenery")
LOCKS = Path(".snakemake/locks")


@dataclass(frozen=True)
class Run:
    """One Snakemake at work in this folder.

    Attributes:
        host: Name of its machine.
        process: Its number there.
        started: What `start_of` gives for that process; numbers are used again.
        since: The same for people.
        locks: Names of its files in `.snakemake/locks`.
    """

    host: str
    process: int
    started: str
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
            return start_of(process) == self.started
        except psutil.NoSuchProcess:
            return False

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.since}"


def start_of(process: psutil.Process) -> str:
    """When a process began, in words that stay the same when somebody sets the clock.

    Raises:
        psutil.NoSuchProcess: When it is gone.
    """
    if not Path("/proc/self/stat").exists():
        return f"{process.create_time():.0f}"
    try:
        values = Path(f"/proc/{process.pid}/stat").read_text("utf-8", errors="replace")
    except OSError:
        raise psutil.NoSuchProcess(process.pid) from None
    # Clock ticks since the machine started are the 22nd value; the second may hold blanks.
    ticks = values.rpartition(")")[2].split()[19]
    boot = Path("/proc/sys/kernel/random/boot_id")
    return f"{ticks} ticks after {boot.read_text('utf-8').strip() if boot.exists() else 'start'}"


def find_other_runs() -> list[Run]:
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

    What a killed Snakemake left at work in this folder ends before: its processes on this machine
    are stopped, and its jobs in Slurm are canceled.

    Args:
        submits: Whether jobs go to Slurm.

    Raises:
        UserError: When another Snakemake is at work in this folder.
    """
    others = find_other_runs()
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
        started=start_of(process),
        since=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.create_time())),
        locks=tuple(sorted(path.name for path in LOCKS.glob("*.lock"))),
    )
    NOTES.mkdir(parents=True, exist_ok=True)
    run.file.write_text(json.dumps(asdict(run)), encoding="utf-8")
    if submits or shutil.which("squeue"):
        cancel_orphaned_jobs(functools.partial(queued_jobs, patient=submits))
    stop_orphaned_processes()


def end(failed: bool, submits: bool) -> None:
    """Remove the note of this run.

    Args:
        failed: Whether some of its jobs did; what they lacked is then said.
        submits: Whether its jobs went to Slurm.
    """
    if failed and submits:
        explain_failed_jobs()
    (NOTES / f"{socket.gethostname()}-{os.getpid()}.json").unlink(missing_ok=True)


def name_results(layout: Layout, exports: bool) -> None:
    """Say where the report is that this run has made, and what can be done next.

    Args:
        layout: The paths of the study.
        exports: Whether final models are exported.
    """
    try:
        made = Path(layout.report).stat().st_mtime >= psutil.Process().create_time()
    except OSError:
        return
    if not made:
        return
    lines = [f"The report is {layout.report}, the slides are {layout.slides_pdf}."]
    if exports:
        lines.append(f"To classify photographs: scenery predict {layout.results} PHOTOS")
    print("\n".join(["", *lines]), file=sys.stderr, flush=True)


def stop_orphaned_processes() -> None:
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
    number = f"{len(left)} process{'es' if len(left) > 1 else ''}"
    print(f"Stopping {number} that a killed Snakemake left running here.", file=sys.stderr)
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
