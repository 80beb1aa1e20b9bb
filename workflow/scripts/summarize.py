"""Join the results of all experiments.

In: the list of all trials; of each experiment its trials.csv, selection.csv, test/scores.csv and,
if it has one, reference_results.csv. Out: summary.csv, one row per trial. The first row of each
tested setting has the test accuracy and its interval; reference results are in the rows of their
setting.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scenery.evaluation.final_scores import summary_columns
from scenery.evaluation.result_tables import (
    read_results,
    with_reference_results,
    with_selection,
)
from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake


def summarize(
    listed: Path,
    trials: list[Path],
    selections: list[Path],
    scores: list[Path],
    titles: dict[str, str],
    references: dict[str, Path],
    out: Path,
) -> None:
    """Write the summary; every listed trial has one row.

    Args:
        listed: The list of all trials.
        trials: The experiments' trials, in the order of the config.
        selections: How sure each experiment's choice is.
        scores: The experiments' test scores.
        titles: The experiments' titles.
        references: Tables of reference results by experiment.
        out: summary.csv.

    Raises:
        ValueError: When trials and results do not match, which only a defect can cause.
    """
    tables = [
        with_selection(read_results(path), read_results(selection))
        for path, selection in zip(trials, selections, strict=True)
    ]
    summary = pd.concat(tables, ignore_index=True)
    wanted = read_results(listed)[["experiment", "trial"]]
    if not summary[["experiment", "trial"]].equals(wanted):
        raise ValueError("the experiments' tables do not hold the trials that trials.csv lists")
    # Many columns were added one by one; a copy has them in one block again.
    summary = summary.copy()
    summary.insert(1, "title", summary["experiment"].map(titles))
    # Repeats of a setting share one score, which stands once.
    tested = summary_columns(pd.concat([read_results(path) for path in scores]))
    summary = summary.merge(tested, on=["experiment", "trial"], how="left", validate="one_to_one")
    if references:
        parts = [
            with_reference_results(rows, read_results(references[str(name)]))
            if name in references
            else rows
            for name, rows in summary.groupby("experiment", sort=False)
        ]
        summary = pd.concat(parts, ignore_index=True)
    summary.to_csv(out, index=False)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        summarize(
            listed=Path(snakemake.input.listed),
            trials=[Path(path) for path in snakemake.input.trials],
            selections=[Path(path) for path in snakemake.input.selections],
            scores=[Path(path) for path in snakemake.input.scores],
            titles=snakemake.params.titles,
            # The paths and not their name: of a list of one file that holds the file alone.
            references={
                Path(path).parent.name: Path(path)
                for path in snakemake.input
                if Path(path).name == "reference_results.csv"
            },
            out=Path(snakemake.output.summary),
        )
