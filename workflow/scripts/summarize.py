"""Join the results of all experiments.

In: the list of all trials; of each experiment its trials.csv, test/metrics.json and, if it has one,
reference_results.csv. Out: summary.csv, one row per trial. The first row of the chosen setting has
the test accuracy and its interval; reference results are in the rows of their setting.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scenery.evaluation.result_tables import read_results, with_reference_results
from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake

TEST_COLUMNS = {
    "accuracy": "test_accuracy",
    "low": "test_low",
    "high": "test_high",
    "images": "test_images",
}


def summarize(
    listed: Path,
    trials: list[Path],
    metrics: list[Path],
    titles: dict[str, str],
    references: dict[str, Path],
    out: Path,
) -> None:
    """Write the summary; every listed trial must have one row of results.

    Args:
        listed: The list of all trials.
        trials: The experiments' trials, in the order of the list.
        metrics: The experiments' test results.
        titles: The experiments' titles.
        references: Tables of reference results by experiment.
        out: summary.csv.

    Raises:
        ValueError: When trials and results do not match, which only a defect can cause.
    """
    tables = [read_results(path) for path in trials]
    summary = pd.concat(tables, ignore_index=True)
    wanted = read_results(listed)[["experiment", "trial"]]
    if not summary[["experiment", "trial"]].equals(wanted):
        raise ValueError("the experiments' tables do not hold the trials that trials.csv lists")
    summary.insert(1, "title", summary["experiment"].map(titles))
    scores = pd.DataFrame([json.loads(path.read_text(encoding="utf-8")) for path in metrics])
    scores = scores[["experiment", *TEST_COLUMNS]].rename(columns=TEST_COLUMNS)
    # Repeats of the chosen setting share one final model; its score stands once.
    first = summary[summary["chosen"]].groupby("experiment", sort=False)["trial"].first()
    scores["trial"] = scores["experiment"].map(first)
    summary = summary.merge(scores, on=["experiment", "trial"], how="left", validate="one_to_one")
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
            metrics=[Path(path) for path in snakemake.input.metrics],
            titles=snakemake.params.titles,
            # The paths and not their name: of a list of one file that holds the file alone.
            references={
                Path(path).parent.name: Path(path)
                for path in snakemake.input
                if Path(path).name == "reference_results.csv"
            },
            out=Path(snakemake.output.summary),
        )
