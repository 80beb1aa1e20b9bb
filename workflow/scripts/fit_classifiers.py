"""Fit the classical models of many trials on features of frozen backbones, in one process.

In: features of train and validation images. Out, as for heads: metrics.csv (one row per trial),
history.csv (no rows: these models have no epochs), predictions.csv (one row per validation image).
"""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from threadpoolctl import threadpool_limits

from scenery.classical import classifiers
from scenery.data.feature_files import read_features
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.scores import accuracy, cross_entropy
from scenery.evaluation.trial_batches import (
    TrialResult,
    run_trials,
    validation_predictions,
    write_tables,
)
from scenery.evaluation.trial_tables import fitted_row
from scenery.pipeline.execution import peak_memory_mb, script_log
from scenery.pipeline.jobs import ArrayFiles, FeatureTrial, FeatureTrialsJob

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
    table = read_split(split)
    for trial in job.trials:
        images = len(partition_table(read_split(trial.table), "train"))
        views = _facts(trial.training)["views"]
        classifiers.check_fits(trial.settings, images * max(views, 1), trial.id)

    def run(trial: FeatureTrial, name: str) -> TrialResult:
        return fit_classifier(trial, table)

    results = run_trials(job.trials, run, split, job.finished, code)
    write_tables(results, out_metrics, out_history, out_predictions)


def _facts(features: ArrayFiles) -> dict[str, Any]:
    return dict(json.loads(features.facts.read_text(encoding="utf-8")))


def fit_classifier(trial: FeatureTrial, split: pd.DataFrame) -> TrialResult:
    """One trial's metrics and validation predictions."""
    started = time.perf_counter()
    classes = class_names(split)
    table = partition_table(split, "validation")
    training_table = partition_table(read_split(trial.table), "train")
    training = read_features(trial.training.array, trial.training.facts, training_table)
    validation = read_features(trial.validation.array, trial.validation.facts, table)
    frozen = _facts(trial.validation)["parameters"]
    try:
        model = classifiers.fit(trial.settings, training)
    except ValueError as error:
        # Like a diverged network: it cannot be chosen, and the other trials can.
        failed = fitted_row(trial.id, reason=str(error), parameters=frozen)
        return TrialResult(failed, [], [])
    vectors, labels, _ = classifiers.as_rows(training)
    of_training = classifiers.probabilities(model, vectors, len(classes))
    predicted = classifiers.probabilities(model, validation.values, len(classes))
    learned = classifiers.stored_numbers(model)
    metrics = fitted_row(
        trial.id,
        parameters=frozen + learned,
        trained_parameters=learned,
        train_accuracy=accuracy(of_training, labels),
        train_loss=cross_entropy(of_training, labels),
        validation_accuracy=accuracy(predicted, validation.labels),
        validation_loss=cross_entropy(predicted, validation.labels),
        seconds=round(time.perf_counter() - started, 3),
        peak_memory_mb=peak_memory_mb(),
    )
    rows = validation_predictions(trial.id, table, predicted, classes)
    return TrialResult(metrics, [], rows)


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
