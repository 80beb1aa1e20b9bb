"""The installed package, and what its commands print."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installed:
    """The installed package, and nothing of the clone.

    Attributes:
        folder: What stands for site-packages.
        cache: Folder for caches of Snakemake.
    """

    folder: Path
    cache: Path

    def python(
        self, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run Python where this package is installed."""
        dropped = ("SNAKEMAKE_PROFILE", "PYTHONPATH")
        inherited = {name: value for name, value in os.environ.items() if name not in dropped}
        own = {"PYTHONPATH": str(self.folder), "XDG_CACHE_HOME": str(self.cache)}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            env=inherited | own | dict(environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def scenery(self, *arguments: str, cwd: Path) -> str:
        """Run the command; gives what it prints. The test fails where the command does."""
        done = self.python("-m", "scenery", *arguments, cwd=cwd)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def dry_run(
        self, *arguments: str, cwd: Path, environment: Mapping[str, str] | None = None
    ) -> dict[str, int]:
        """Number of jobs of each rule that Snakemake would run."""
        command = ("-m", "snakemake", "-n", *arguments)
        done = self.python(*command, cwd=cwd, environment=environment)
        assert done.returncode == 0, done.stdout
        return jobs(done.stdout)


def jobs(said: str) -> dict[str, int]:
    """Number of jobs of each rule, from what a dry run prints."""
    table = said.split("Job stats:\n")[-1].split("\n\n")[0]
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)}
