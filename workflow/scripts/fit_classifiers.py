"""Fit the classical models of many trials on features of frozen backbones, in one process.

In: features of train and validation images. Out, as for heads: metrics.csv (one row per trial),
history.csv (no rows: these models have no epochs), predictions.csv (one row per image held out).
"""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from scenery.classical import classifiers
from scenery.classical.classifier_scores import ClassifierScores, score_in_folds, score_share
from scenery.data.feature_files import read_features
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.held_out import (
    divisions,
    group_numbers,
    in_folds,
    read_held_out,
    rows_of,
)
from scenery.evaluation.trial_batches import (
    TrialResult,
    folded_predictions,
    run_trials,
    validation_predictions,
    write_tables,
)
from scenery.evaluation.trial_tables import fitted_row, with_calibration
from scenery.pipeline.execution import peak_memory_mb, script_log
from scenery.pipeline.jobs import ArrayFiles, FeatureTrial, FeatureTrialsJob, FoldFiles

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
        views = _facts(trial.training)["views"]
        images = _fewest_images(trial, table)
        classifiers.check_fits(trial.settings, images * max(views, 1), trial.id)

    def run(trial: FeatureTrial, name: str) -> TrialResult:
        return fit_classifier(trial, table)

    results = run_trials(job.trials, run, split, job.finished, code)
    write_tables(results, out_metrics, out_history, out_predictions)


def _facts(features: ArrayFiles) -> dict[str, Any]:
    return dict(json.loads(features.facts.read_text(encoding="utf-8")))


def _fewest_images(trial: FeatureTrial, split: pd.DataFrame) -> int:
    """Images that the smallest model of a trial learns from."""
    rows = rows_of(trial.table, split)
    if trial.folds is None or not in_folds(trial.folds.resampling, split):
        return len(rows[0])
    folds = divisions(trial.folds.resampling, pd.concat(rows, ignore_index=True))
    return folds.shape[1] - max(int(np.bincount(one).max()) for one in folds)


def fit_classifier(trial: FeatureTrial, split: pd.DataFrame) -> TrialResult:
    """One trial's metrics and predictions of the images that were held out."""
    started = time.perf_counter()
    classes = class_names(split)
    frozen = _facts(trial.validation)["parameters"]
    try:
        if trial.folds is not None and in_folds(trial.folds.resampling, split):
            found, rows, labels = _in_folds(trial, trial.folds, split, classes)
        else:
            found, rows, labels = _on_share(trial, split, classes)
    except ValueError as error:
        # Like a diverged network: it cannot be chosen, and the other trials can.
        failed = fitted_row(trial.id, reason=str(error), parameters=frozen)
        return TrialResult(failed, [], [])
    metrics = fitted_row(
        trial.id,
        parameters=frozen + found.stored_numbers,
        trained_parameters=found.stored_numbers,
        train_accuracy=found.train_accuracy,
        train_loss=found.train_loss,
        validation_accuracy=found.validation_accuracy,
        validation_loss=found.validation_loss,
        validation_images=found.images,
        seconds=round(time.perf_counter() - started, 3),
        peak_memory_mb=peak_memory_mb(),
    )
    return TrialResult(with_calibration(metrics, found.held_out, labels), [], rows)


def _on_share(
    trial: FeatureTrial, split: pd.DataFrame, classes: list[str]
) -> tuple[ClassifierScores, list[dict[str, Any]], np.ndarray]:
    table = partition_table(split, "validation")
    training_table = partition_table(read_split(trial.table), "train")
    training = read_features(trial.training.array, trial.training.facts, training_table)
    validation = read_features(trial.validation.array, trial.validation.facts, table)
    groups = group_numbers(training_table)
    found = score_share(trial.settings, training, groups, validation, len(classes))
    rows = validation_predictions(trial.id, table, found.held_out[0], classes)
    return found, rows, table["label"].to_numpy()


def _in_folds(
    trial: FeatureTrial, folds: FoldFiles, split: pd.DataFrame, classes: list[str]
) -> tuple[ClassifierScores, list[dict[str, Any]], np.ndarray]:
    data = read_held_out(
        folds.resampling,
        (trial.training, folds.validation),
        (folds.training, trial.validation),
        rows_of(trial.table, split),
        folds.of_folds,
    )
    found = score_in_folds(trial.settings, data, len(classes))
    rows = folded_predictions(trial.id, data, found.held_out, classes)
    return found, rows, data.table["label"].to_numpy()


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
