"""Estimate how sure the choice of an experiment is, from held-out predictions of all its trials.

In: trials.csv, history.csv, predictions.csv of all trials, the split. Out: selection.csv, one row
for each setting that could be chosen: how often it would be chosen with other images, its
difference to the chosen one, and for the chosen one its corrected accuracy.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scenery.data.tables import file_groups, read_split
from scenery.evaluation.result_tables import read_results
from scenery.evaluation.selection_table import selection_table
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.choice import AssessJob

if TYPE_CHECKING:
    from snakemake.script import snakemake

COLUMNS = ("trial", "file", "class", "predicted", "fold", "repeat")


def assess_choice(
    job: AssessJob, trials: Path, history: Path, predictions: list[Path], split: Path, out: Path
) -> None:
    """Read the tables of an experiment and write selection.csv."""
    parts = [read_results(path) for path in predictions]
    parts = [part[[name for name in COLUMNS if name in part]] for part in parts]
    table = selection_table(
        read_results(trials),
        read_results(history),
        pd.concat(parts, ignore_index=True),
        file_groups(read_split(split)),
        job.how,
    )
    table.to_csv(out, index=False)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        assess_choice(
            job=AssessJob.model_validate(snakemake.params.job),
            trials=Path(snakemake.input.trials),
            history=Path(snakemake.input.history),
            predictions=[Path(path) for path in snakemake.input.predictions],
            split=Path(snakemake.input.split),
            out=Path(snakemake.output.selection),
        )
