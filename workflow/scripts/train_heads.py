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
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from scenery.config.settings import Settings
from scenery.config.study import Choose, Halving
from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.training_result import TrainingResult
from scenery.evaluation.trial_batches import (
    TrialResult,
    run_trials,
    validation_predictions,
    write_tables,
)
from scenery.evaluation.trial_tables import metrics_row
from scenery.pipeline.execution import count_steps, job, peak_memory_mb
from scenery.study.successive_halving import survivors
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.hardware import set_up
from scenery.training.head_training import HeadTrainer
from scenery.training.successive_halving import run_in_rungs

if TYPE_CHECKING:
    from snakemake.script import snakemake


def train_heads(
    trials: list[dict[str, Any]],
    split: Path,
    finished: Path,
    code: str,
    out_metrics: Path,
    out_history: Path,
    out_predictions: Path,
    halving: dict[str, Any] | None = None,
) -> None:
    """Train every trial of the shard, or take it from `finished`, and write the three tables."""
    data = ShardData(split)

    def run(trial: dict[str, Any], name: str) -> TrialResult:
        return train_head(trial, data, name, quiet=len(trials) > 3)

    if halving is None:
        results = run_trials(trials, run, split, finished, code)
    else:
        results = train_in_rungs(trials, data, halving)
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

    def learner(self, trial: dict[str, Any]) -> HeadTrainer:
        """A trial's head with its features."""
        return HeadTrainer(
            Settings.model_validate(trial["settings"]),
            len(self.classes),
            self._features(trial["training"], trial["table"], "train"),
            self._features(trial["validation"], self.path, "validation"),
        )

    @staticmethod
    def _read(stem: str, table: Path, partition: str) -> LabeledFeatures:
        features = read_features(stem, partition_table(read_split(table), partition))
        if features.views:
            return features
        # As a tensor they are there once, however many heads learn from them.
        return dataclasses.replace(features, values=tf.constant(features.values))


def train_head(trial: dict[str, Any], data: ShardData, name: str, quiet: bool) -> TrialResult:
    """One trial's metrics, history and validation predictions."""
    started = time.perf_counter()
    learner = data.learner(trial)
    run = run_epochs(learner, EpochPlan.of(learner.settings, "head"), name, quiet=quiet)
    return outcome(trial, data, learner, run, time.perf_counter() - started)


def train_in_rungs(
    trials: list[dict[str, Any]], data: ShardData, halving: dict[str, Any]
) -> list[TrialResult]:
    """Successive halving: what a trial gives depends on the others, so nothing is taken over.

    Args:
        trials: All trials of the experiment.
        data: What they share.
        halving: rungs, how (the settings of halving) and choose (the rule of choice).
    """
    how = Halving.model_validate(halving["how"])
    choose = Choose.model_validate(halving["choose"])
    learners = {trial["trial"]: data.learner(trial) for trial in trials}
    runs = run_in_rungs(learners, halving["rungs"], lambda so_far: survivors(so_far, how, choose))
    results = []
    for trial in trials:
        run = runs[trial["trial"]]
        seconds = sum(row.seconds for row in run.history)
        results.append(outcome(trial, data, learners[trial["trial"]], run, seconds))
    return results


def outcome(
    trial: dict[str, Any],
    data: ShardData,
    learner: HeadTrainer,
    run: TrainingResult,
    seconds: float,
) -> TrialResult:
    """What a trained head gave."""
    count_steps(sum(epoch.seconds for epoch in run.history))
    facts = json.loads(Path(trial["validation"] + ".json").read_text(encoding="utf-8"))
    metrics = metrics_row(
        trial["trial"],
        run,
        parameters=facts["parameters"] + learner.model.count_params(),
        trained_parameters=int(sum(np.prod(v.shape) for v in learner.model.trainable_variables)),
        seconds=seconds,
        memory=peak_memory_mb(),
    )
    predictions = []
    if run.status != "diverged" and learner.validation is not None:
        probabilities = learner.predict(learner.validation)
        predictions = validation_predictions(
            trial["trial"], data.validation, probabilities, data.classes
        )
    return TrialResult(metrics, run.rows(trial["trial"]), predictions)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        set_up(snakemake.threads)
        train_heads(
            trials=snakemake.params.trials,
            split=Path(snakemake.input.split),
            finished=Path(snakemake.params.finished),
            code=snakemake.params.code,
            out_metrics=Path(snakemake.output.metrics),
            out_history=Path(snakemake.output.history),
            out_predictions=Path(snakemake.output.predictions),
            halving=snakemake.params.halving,
        )
