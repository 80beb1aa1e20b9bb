"""Measure the overhead of a large study: building the DAG and submitting jobs to Slurm.

    python benchmarks/dag_size.py [--submit] [TRIALS ...]

The study is a random search with one job per trial. For each number of trials (100, 1,000 and
10,000 by default), the script measures a dry run and the extra start time of each job on its node.
With --submit, it submits the jobs to the Slurm of this machine while the partition is down,
measures the time until all are queued, and cancels them. Use tests/slurm/one_machine.sh for this,
and no Slurm that others use.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
STUDY = """
title: Large study
results: results/large
dataset: {{path: generated, generated: {{per_class: 4, image_size: 32}}}}
base: {{backbone: MobileNet, weights: none, image_size: 32}}
experiments:
  search:
    overrides: {{trainable: all}}
    random:
      n_trials: {trials}
      space:
        optimizer.learning_rate: {{loguniform: [1.0e-5, 1.0e-1]}}
        head.dropout: {{uniform: [0, 0.7]}}
        optimizer.name: [SGD, Adam, RMSprop]
"""
CHOSEN = "results/large/experiments/search/chosen.yaml"
PACKED = [f"results/large/data/{part}/32.npy" for part in ("train", "validation")]


@dataclass
class Cost:
    """Wall time and processor time in seconds, and peak memory in MiB."""

    wall: float
    processor: float
    memory: float

    def __str__(self) -> str:
        return f"{self.wall:8.1f} s {self.processor:8.1f} s {self.memory:7.0f} MiB"


def measured(command: list[str], folder: Path) -> Cost:
    """Run a command and measure it.

    Raises:
        SystemExit: If it fails, with its output.
    """
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        if status:
            said.seek(0)
            sys.exit(said.read().decode()[-4000:])
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def snakemake(*arguments: str) -> list[str]:
    """The Snakemake command of the study on a cluster."""
    profile = ["--profile", "profiles/slurm", "--configfile", "study.yaml"]
    return [sys.executable, "-m", "snakemake", *arguments, *profile]


def project(folder: Path, trials: int) -> None:
    """Copy the project and write the study."""
    for name in ("src", "workflow", "profiles"):
        shutil.copytree(
            REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy2(REPOSITORY / "Snakefile", folder)
    (folder / "study.yaml").write_text(STUDY.format(trials=trials), encoding="utf-8")


def one_job(folder: Path) -> Cost:
    """The part of a job's start that grows with the study: reading the config again."""
    code = (
        "import sys, yaml; sys.path.insert(0, 'src');"
        "from scenery.pipeline.preflight import open_study;"
        "opened = open_study(yaml.safe_load(open('study.yaml')), 'study.yaml', check=False);"
        "opened.of('search', None)"
    )
    return measured([sys.executable, "-c", code], folder)


def submission(folder: Path, trials: int) -> tuple[float, float]:
    """Seconds from the call, and from the first job, until all trials are in the queue of Slurm."""
    subprocess.run(
        [sys.executable, "-m", "snakemake", *PACKED, "--configfile", "study.yaml", "--quiet"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    partition = subprocess.run(
        ["sinfo", "--noheader", "--format=%R"], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    down = ["scontrol", "update", f"PartitionName={partition}", "State=DOWN"]
    subprocess.run(down, check=True)
    # Without limits, because otherwise the limits of the profile would be measured.
    free = ["--jobs", str(trials), "--max-jobs-per-timespan", "1000/1s"]
    start = time.perf_counter()
    with (folder / "submission.txt").open("wb") as said:
        process = subprocess.Popen(
            snakemake(CHOSEN, *free), cwd=folder, stdout=said, stderr=said, stdin=subprocess.DEVNULL
        )
    first = None
    try:
        while (queued := in_queue()) < trials:
            if process.poll() is not None:
                sys.exit((folder / "submission.txt").read_text(encoding="utf-8")[-4000:])
            if queued and first is None:
                first = time.perf_counter()
            time.sleep(0.5)
        end = time.perf_counter()
    finally:
        process.kill()
        process.wait()
        subprocess.run(["scancel", "--state=PENDING", f"--partition={partition}"], check=True)
        subprocess.run([*down[:-1], "State=UP"], check=True)
    return end - start, end - (first or start)


def in_queue() -> int:
    """Number of jobs in the queue of Slurm."""
    command = ["squeue", "--noheader", "--format=%i"]
    return len(subprocess.run(command, capture_output=True, check=True).stdout.split())


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("trials", nargs="*", type=int, default=[100, 1000, 10_000])
    parser.add_argument("--submit", action="store_true", help="measure the submission as well")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(f"{'trials':>7} {'':10} {'wall':>10} {'processor':>10} {'memory':>11}")
    for trials in options.trials:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            project(folder, trials)
            dry = measured(snakemake(CHOSEN, "--dry-run", "--quiet", "all"), folder)
            print(f"{trials:7} {'dry run':10} {dry}", flush=True)
            print(f"{trials:7} {'one job':10} {one_job(folder)}", flush=True)
            if options.submit:
                whole, rate = submission(folder, trials)
                print(f"{trials:7} {'submission':10} {whole:8.1f} s, {trials / rate:.1f} jobs/s")


if __name__ == "__main__":
    main()
