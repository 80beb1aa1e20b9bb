"""Snakemake on a Snakefile of a few rules that a test writes itself."""

import os
import subprocess
import sys
from pathlib import Path

from checkout import REPOSITORY


def run_snakemake(folder: Path, *arguments: str) -> str:
    """What Snakemake says; its Snakefile can import Scenery."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # A dry run writes to the other stream.
    return done.stdout + done.stderr
