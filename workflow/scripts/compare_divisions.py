"""Join what the experiments choose in all divisions.

In: choice.json of every division, trials.csv of the experiments. Out: divisions.csv, one row for
each experiment and division; an experiment that was left out has one row with the reason.
"""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.evaluation.divisions import division_table, summarize_divisions
from scenery.evaluation.result_tables import read_results
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.divisions import CompareDivisionsJob

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def compare_divisions(job: CompareDivisionsJob, out: Path) -> None:
    """Write the table, and log one line for each experiment."""
    choices = {
        one.experiment: [json.loads(path.read_text(encoding="utf-8")) for path in one.choices]
        for one in job.experiments
    }
    trials = {one.experiment: read_results(one.trials) for one in job.experiments}
    table = division_table(choices, trials, job.left_out)
    for one in summarize_divisions(table):
        if one.left_out:
            log.info("%s is left out: %s", one.experiment, one.left_out)
        else:
            log.info(
                "%s: %d of %d divisions choose as the study, test accuracy %.3f (%.3f to %.3f)",
                *(one.experiment, one.as_study, one.divisions, one.accuracy, one.low, one.high),
            )
    table.to_csv(out, index=False)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        compare_divisions(
            job=CompareDivisionsJob.model_validate(snakemake.params.job),
            out=Path(snakemake.output.divisions),
        )
