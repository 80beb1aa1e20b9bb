"""A checkout of the project in a folder of its own, with Snakemake run in it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from forked import starting

REPOSITORY = Path(__file__).resolve().parents[2]
CODE = ("workflow", "src", "profiles", "config")


@dataclass(frozen=True)
class DryRun:
    """What Snakemake would do.

    Attributes:
        jobs: Number of jobs of each rule, without `all`.
        reasons: The rules that each reason holds for.
    """

    jobs: dict[str, int]
    reasons: dict[str, set[str]]

    @property
    def stale(self) -> set[str]:
        """The rules that run for a reason of their own, not because of a job before them."""
        others = ("input files updated by another job", "output files have to be generated")
        return set().union(*(r for reason, r in self.reasons.items() if reason not in others))


@dataclass(frozen=True)
class Checkout:
    """A copy of the project in a folder of its own."""

    folder: Path
    config: str = "study.yaml"

    def snakemake(
        self,
        *arguments: str,
        fails: bool = False,
        environment: Mapping[str, str] | None = None,
        forked: bool = True,
        cores: str = "1",
    ) -> str:
        """Run Snakemake; gives all that it says. The test fails where its status is unexpected.

        Args:
            arguments: Of its command line.
            fails: Whether it is to end with status 1.
            environment: Further variables.
            forked: Whether it and its jobs may be forks by way of the tests' server. Without it
                Snakemake starts as people start it, so that its jobs may be forks of its own.
        """
        done = subprocess.run(
            [
                starting.forking_python() if forked else sys.executable,
                "-m",
                "snakemake",
                *arguments,
                "--configfile",
                self.config,
                "--cores",
                cores,
            ],
            cwd=self.folder,
            env=starting.environment(**(environment or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if (done.returncode != 0) != fails:
            pytest.fail(f"status {done.returncode}\n" + "\n".join(done.stdout.splitlines()[-80:]))
        if fails:
            assert done.returncode == 1
        return done.stdout

    def dry_run(self, *arguments: str) -> DryRun:
        """What would be run."""
        said = self.snakemake("-n", *arguments)
        if "Nothing to be done" in said:
            return DryRun({}, {})
        table = said.split("Job stats:\n")[-1].split("\n\n")[0]
        jobs = {name: int(n) for name, n in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
        assert jobs.pop("total") == sum(jobs.values())
        jobs.pop("all", None)
        section = said.split("\nReasons:\n")[-1]
        found = re.findall(r"^    (\S[^\n]*):\n        ([\w, ]+)$", section, re.MULTILINE)
        return DryRun(jobs, {r: set(names.split(", ")) - {"all"} for r, names in found})

    def read_config(self) -> dict[str, Any]:
        """The config as it stands."""
        values: dict[str, Any] = yaml.safe_load((self.folder / self.config).read_text("utf-8"))
        return values

    def validation_accuracy(self, experiment: str) -> float:
        """The validation accuracy of what an experiment chose."""
        path = self.folder / "results" / "experiments" / experiment / "chosen.yaml"
        return float(yaml.safe_load(path.read_text("utf-8"))["validation_accuracy"])

    def write_config(self, values: dict[str, Any]) -> None:
        """Another config in its place."""
        text = yaml.safe_dump(values, sort_keys=False)
        (self.folder / self.config).write_text(text, encoding="utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        """Change a text in a file; the test fails where it is not there."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def copy_to(self, folder: Path) -> "Checkout":
        """The whole folder with its results elsewhere, times included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Checkout(folder, self.config)


def check_out(folder: Path, study: str = "study.yaml") -> Checkout:
    """The code as it is now, with one of the small studies beside this file."""
    # Compiled code comes along, but for files that another process is writing.
    ignore = shutil.ignore_patterns("*.pyc.*")
    for name in CODE:
        shutil.copytree(REPOSITORY / name, folder / name, ignore=ignore)
    shutil.copy2(REPOSITORY / "Snakefile", folder)
    shutil.copy2(Path(__file__).with_name(study), folder / "study.yaml")
    return Checkout(folder)
