"""Slurm on this machine as the tests see it: its script, its records, and calls of Snakemake."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest
from forked import starting

from scenery.pipeline.layout import Layout

SCRIPT = Path(__file__).parent / "one_machine.sh"
LAYOUT = Layout("results/small")
TEST_IMAGES = LAYOUT.packed("test", 32).array
CHOSEN = LAYOUT.experiment("tune").chosen


def control(*arguments: str) -> None:
    """Call the script that starts and stops Slurm."""
    subprocess.run([SCRIPT, *arguments], check=True, timeout=60, stdin=subprocess.DEVNULL)


@dataclass(frozen=True)
class Job:
    """A job as Slurm recorded it: memory such as 8000M, run time limit such as 4:00:00."""

    number: str
    state: str
    rule: str
    wildcards: str
    memory: str
    limit: str
    processors: int
    gpus: int


@dataclass
class Call:
    """One call of Snakemake, at work in the background."""

    folder: Path
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait(self, seconds: float = 900) -> int:
        """Its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"Snakemake does not end:\n{self.output[-4000:]}")

    def kill(self) -> None:
        """End it without a chance to tidy up, as a power cut does."""
        self.process.kill()
        self.process.wait()


T = TypeVar("T")
# All calls of this session, so that none outlives it.
CALLS: list[Call] = []


@dataclass
class Folder:
    """A copy of the project with a study in it."""

    path: Path

    def start(
        self,
        *arguments: str,
        targets: Sequence[str],
        study: str = "study.yaml",
        profile: str = "profiles/slurm",
        forked: bool = True,
    ) -> Call:
        """Call Snakemake with the Slurm profile, looking at the queue more often than it says.

        Args:
            arguments: Of its command line.
            targets: Files to make.
            study: Name of the config.
            profile: Folder of the profile.
            forked: Whether Snakemake and its jobs on the node are forks of the tests' server, which
                saves imports. A job that a test kills must be a process of its own.
        """
        python = starting.forking_python() if forked else sys.executable
        command = [python, "-m", "snakemake", *targets]
        command += ["--profile", profile, "--configfile", study]
        command += ["--slurm-init-seconds-before-status-checks", "2", *arguments]
        log = self.path / f"call_{len(list(self.path.glob('call_*')))}.txt"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command,
                cwd=self.path,
                env=starting.environment() if forked else None,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )
        CALLS.append(Call(self.path, process, log))
        return CALLS[-1]

    def jobs(self, rule: str = "") -> list[Job]:
        """All jobs of this folder that Slurm knows of, ended ones too, oldest first."""
        out = slurm_says("squeue", "--states=all", "--noheader", "--format=%i|%T|%m|%l|%C|%Z|%k")
        jobs = []
        for line in out.splitlines():
            number, state, memory, limit, processors, folder, comment = line.split("|", 6)
            if Path(folder) != self.path:
                continue
            name, _, wildcards = comment.removeprefix("rule_").partition("_wildcards_")
            record = slurm_says("scontrol", "show", "job", number)
            asked = re.search(r"TresPerJob=gres:gpu:(\d+)", record)
            gpus = int(asked[1]) if asked else 0
            jobs.append(Job(number, state, name, wildcards, memory, limit, int(processors), gpus))
        jobs.sort(key=lambda job: int(job.number))
        return [job for job in jobs if job.rule == rule or not rule]

    def epochs(self, trial: str) -> int:
        """Epochs of a trial of which the state is on disk."""
        states = (self.path / LAYOUT.checkpoints("tune", trial)).glob("epoch_?????")
        return max((int(state.name[-5:]) for state in states), default=0)

    def file(self, path: str) -> Path:
        """A file below results/small."""
        return self.path / "results/small" / path


def slurm_says(*command: str) -> str:
    """Output of one of Slurm's commands."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout


def until(condition: Callable[[], T], call: Call | None = None, seconds: float = 200) -> T:
    """Wait for something to come true; fail where it does not, or the call ends before.

    Returns:
        What came true.
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        if call is not None and call.process.poll() is not None:
            pytest.fail(f"Snakemake ended too early:\n{call.output[-4000:]}")
        if time.monotonic() > end:
            pytest.fail(f"waited in vain\n{call.output[-4000:] if call else ''}")
        time.sleep(0.2)
    return found
