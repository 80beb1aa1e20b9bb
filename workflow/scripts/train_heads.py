"""Train the heads of many trials on features of frozen backbones, in one process.

In: features of train and validation images. Out, one row each:
metrics.csv (trial, status, parameters, validation_accuracy, ...), history.csv (trial, epoch, ...),
predictions.csv (trial, file, class, predicted, confidence).

Where the config says so, trials are compared half-way and those that look hopeless end there.
"""

import dataclasses
import functools
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import TrainingResult
from scenery.evaluation.trial_batches import (
    TrialResult,
    run_trials,
    validation_predictions,
    write_tables,
)
from scenery.evaluation.trial_tables import metrics_row
from scenery.pipeline.execution import count_steps, peak_memory_mb, script_log
from scenery.pipeline.jobs import ArrayFiles, FeatureTrial, FeatureTrialsJob, HalvingPlan
from scenery.study.successive_halving import survivors
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.hardware import set_up
from scenery.training.head_training import HeadTrainer
from scenery.training.successive_halving import run_in_rungs

if TYPE_CHECKING:
    from snakemake.script import snakemake


def train_heads(
    job: FeatureTrialsJob,
    split: Path,
    code: str,
    out_metrics: Path,
    out_history: Path,
    out_predictions: Path,
) -> None:
    """Train every trial, or read the result of an earlier job, and write the three tables."""
    data = ShardData(split)

    def run(trial: FeatureTrial, name: str) -> TrialResult:
        return train_head(trial, data, name, quiet=len(job.trials) > 3)

    if job.halving is None:
        results = run_trials(job.trials, run, split, job.finished, code)
    else:
        results = train_in_rungs(job.trials, data, job.halving)
    write_tables(results, out_metrics, out_history, out_predictions)


class ShardData:
    """What the trials of a shard share: the split, and mostly their features.

    Args:
        path: The split.
    """

    def __init__(self, path: Path) -> None:
        split = read_split(path)
        self.path = path
        self.validation = partition_table(split, "validation")
        self.classes = class_names(split)
        self._features = functools.lru_cache(maxsize=4)(self._read)

    def learner(self, trial: FeatureTrial) -> HeadTrainer:
        """A trial's head with its features."""
        return HeadTrainer(
            trial.settings,
            len(self.classes),
            self._features(trial.training, trial.table, "train"),
            self._features(trial.validation, self.path, "validation"),
        )

    @staticmethod
    def _read(files: ArrayFiles, table: Path, partition: str) -> LabeledFeatures:
        rows = partition_table(read_split(table), partition)
        features = read_features(files.array, files.facts, rows)
        if features.views:
            return features
        # As a tensor they are there once, however many heads learn from them.
        return dataclasses.replace(features, values=tf.constant(features.values))


def train_head(trial: FeatureTrial, data: ShardData, name: str, quiet: bool) -> TrialResult:
    """One trial's metrics, history and validation predictions."""
    started = time.perf_counter()
    learner = data.learner(trial)
    run = run_epochs(learner, EpochPlan.of(learner.settings, "head"), name, quiet=quiet)
    return outcome(trial, data, learner, run, time.perf_counter() - started)


def train_in_rungs(
    trials: Sequence[FeatureTrial], data: ShardData, plan: HalvingPlan
) -> list[TrialResult]:
    """Successive halving: what a trial gives depends on the others, so nothing is taken over.

    Args:
        trials: All trials of the experiment.
        data: What they share.
        plan: When and how they are compared.
    """
    learners = {trial.id: data.learner(trial) for trial in trials}
    runs = run_in_rungs(
        learners, plan.rungs, lambda so_far: survivors(so_far, plan.halving, plan.choose)
    )
    results = []
    for trial in trials:
        run = runs[trial.id]
        seconds = sum(row.seconds for row in run.history)
        results.append(outcome(trial, data, learners[trial.id], run, seconds))
    return results


def outcome(
    trial: FeatureTrial,
    data: ShardData,
    learner: HeadTrainer,
    run: TrainingResult,
    seconds: float,
) -> TrialResult:
    """What a trained head gave."""
    count_steps(sum(epoch.seconds for epoch in run.history))
    facts = json.loads(trial.validation.facts.read_text(encoding="utf-8"))
    metrics = metrics_row(
        trial.id,
        run,
        parameters=facts["parameters"] + learner.model.count_params(),
        trained_parameters=int(sum(np.prod(v.shape) for v in learner.model.trainable_variables)),
        seconds=seconds,
        memory=peak_memory_mb(),
    )
    predictions = []
    if run.status != TrialStatus.DIVERGED and learner.validation is not None:
        probabilities = learner.predict(learner.validation)
        predictions = validation_predictions(trial.id, data.validation, probabilities, data.classes)
    return TrialResult(metrics, run.rows(trial.id), predictions)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        set_up(snakemake.threads)
        train_heads(
            job=FeatureTrialsJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out_metrics=Path(snakemake.output.metrics),
            out_history=Path(snakemake.output.history),
            out_predictions=Path(snakemake.output.predictions),
        )
