"""Fit the classical models of many trials on features of frozen backbones, in one process.

In: features of train and validation images. Out, as for heads: metrics.csv (one row per trial),
history.csv (no rows: these models have no epochs), predictions.csv (one row per image held out).
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from scenery.classical.classifier_trials import check_neighbors, fit_classifier
from scenery.evaluation.trial_batches import TrialResult, run_trials, write_tables
from scenery.evaluation.trial_data import ShardData
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.trials import FeatureTrial, FeatureTrialsJob

if TYPE_CHECKING:
    from snakemake.script import snakemake


def fit_classifiers(
    job: FeatureTrialsJob,
    split: Path,
    code: str,
    out_metrics: Path,
    out_history: Path,
    out_predictions: Path,
) -> None:
    """Fit every trial, or read the result of an earlier job, and write the three tables.

    Raises:
        UserError: Before anything is fitted, where a trial asks for more neighbors than images.
    """
    data = ShardData(split)
    for trial in job.trials:
        facts = json.loads(trial.training.facts.read_text(encoding="utf-8"))
        check_neighbors(trial, data, facts["views"])

    def run(trial: FeatureTrial, name: str) -> TrialResult:
        return fit_classifier(trial, data)

    results = run_trials(job.trials, run, split, job.finished, code)
    write_tables(results, out_metrics, out_history, out_predictions)


if __name__ == "__main__":
    with script_log(snakemake.log[0]), threadpool_limits(snakemake.threads):
        fit_classifiers(
            job=FeatureTrialsJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out_metrics=Path(snakemake.output.metrics),
            out_history=Path(snakemake.output.history),
            out_predictions=Path(snakemake.output.predictions),
        )
