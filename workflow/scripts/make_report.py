"""Make the HTML report with Snakemake's own reporter, once everything else is there.

In: all results. Out: report.html, one file that opens without a network.
"""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.installation import SNAKEFILE
from scenery.pipeline.execution import script_log
from scenery.reporting import report_process

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")

# What a running Snakemake or Slurm says to its jobs must not reach the one that makes the report.
OF_THE_OUTER_RUN = ("SNAKEMAKE_PROFILE",)


def make_report(snakefile: Path, config: Path, results: list[str], out: Path) -> None:
    """Run `snakemake --report` on finished results.

    It runs without the lock, which the surrounding Snakemake holds; it writes nothing but `out`.
    It is given the results one by one: it does not look behind checkpoints itself, and what only
    they make known would be missing.

    Raises:
        RuntimeError: When Snakemake fails, with the end of its output.
    """
    command = [sys.executable, "-m", report_process.__name__, *results]
    command += ["--snakefile", str(snakefile), "--configfile", str(config)]
    command += ["--report", str(out), "--cores", "1", "--nolock"]
    command += ["--profile", "none", "--workflow-profile", "none"]
    environment = {k: v for k, v in os.environ.items() if k not in OF_THE_OUTER_RUN}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0 or not out.exists():
        raise RuntimeError("\n".join((done.stdout + done.stderr).splitlines()[-20:]))
    log.info("open %s in a browser", out)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        make_report(
            # Not a parameter: a clone that is moved would make its report again.
            snakefile=SNAKEFILE,
            config=Path(snakemake.params.config),
            results=[str(path) for path in snakemake.input],
            out=Path(snakemake.output.html),
        )
