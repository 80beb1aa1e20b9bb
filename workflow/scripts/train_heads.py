"""Train the heads of many trials on features of frozen backbones, in one process.

In: features of train and validation images. Out, one row each:
metrics.csv (trial, status, parameters, validation_accuracy, ...), history.csv (trial, epoch, ...),
predictions.csv (trial, file, class, predicted, confidence, repeat, fold).

A head is scored in folds of all these images, or on the validation images. It is trained in epochs,
or fitted exactly, which leaves no rows in history.csv. Where the config says so, trials are
compared half-way and those that look hopeless end there.
"""

import functools
import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from scenery.classical.linear_scores import linear_head_fitter, score_in_folds, score_share
from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.held_out import HeldOutData, in_folds, read_held_out, rows_of
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import TrainingResult
from scenery.evaluation.trial_batches import (
    TrialResult,
    folded_predictions,
    run_trials,
    validation_predictions,
    write_tables,
)
from scenery.evaluation.trial_tables import fitted_row, metrics_row, with_calibration
from scenery.pipeline.execution import count_steps, peak_memory_mb, script_log
from scenery.pipeline.jobs import ArrayFiles, FeatureTrial, FeatureTrialsJob, FoldFiles, HalvingPlan
from scenery.study.successive_halving import survivors
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.fold_trainer import FoldTrainer
from scenery.training.hardware import set_up
from scenery.training.head_stack import can_be_stacked
from scenery.training.successive_halving import run_in_rungs
from scenery.training.trainers import AnyHeadTrainer, fold_trainer, head_trainer

if TYPE_CHECKING:
    from snakemake.script import snakemake


def train_heads(
    job: FeatureTrialsJob,
    split: Path,
    code: str,
    out_metrics: Path,
    out_history: Path,
    out_predictions: Path,
    threads: int = 1,
) -> None:
    """Train every trial, or read the result of an earlier job, and write the three tables."""
    # TensorFlow has threads of its own, and its models are not made for several.
    threads = 1 if any(needs_keras(trial) for trial in job.trials) else threads
    data = ShardData(split, min(threads, len(job.trials)))

    def run(trial: FeatureTrial, name: str) -> TrialResult:
        return train_head(trial, data, name, quiet=len(job.trials) > 3)

    if job.halving is None:
        results = run_trials(job.trials, run, split, job.finished, code, threads)
    else:
        results = train_in_rungs(job.trials, data, job.halving)
    write_tables(results, out_metrics, out_history, out_predictions)


def needs_keras(trial: FeatureTrial) -> bool:
    """Whether only Keras can train the head of a trial."""
    return trial.settings.head.solver != "lbfgs" and not can_be_stacked(trial.settings)


class ShardData:
    """What the trials of a shard share: the split, and mostly their features.

    Args:
        path: The split.
        threads: Number of trials that run at once.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path = path
        self.threads = threads
        self.split = read_split(path)
        self.validation = partition_table(self.split, "validation")
        self.classes = class_names(self.split)
        self._features = functools.lru_cache(maxsize=4)(self._read)
        self._held_out = functools.lru_cache(maxsize=2)(self._read_held_out)
        # Trials in parallel wait for each other, so that features are in memory once.
        self._reading = threading.Lock()

    def learner(self, trial: FeatureTrial) -> AnyHeadTrainer:
        """A trial's head with its features."""
        held_out = self.held_out(trial)
        if held_out is not None:
            return fold_trainer(trial.settings, len(self.classes), held_out)
        return head_trainer(
            trial.settings, len(self.classes), self.training(trial), self.validating(trial)
        )

    def training(self, trial: FeatureTrial) -> LabeledFeatures:
        """The features that a trial learns from if it is not scored in folds."""
        with self._reading:
            return self._features(trial.training, trial.table, "train")

    def validating(self, trial: FeatureTrial) -> LabeledFeatures:
        """The features of the validation images."""
        with self._reading:
            return self._features(trial.validation, self.path, "validation")

    def held_out(self, trial: FeatureTrial) -> HeldOutData | None:
        """All images with their folds; None for a trial that is scored on validation images."""
        if trial.folds is None or not in_folds(trial.folds.resampling, self.split):
            return None
        with self._reading:
            return self._held_out(trial.folds, trial.table, trial.training, trial.validation)

    def _read_held_out(
        self, folds: FoldFiles, table: Path, training: ArrayFiles, validation: ArrayFiles
    ) -> HeldOutData:
        return read_held_out(
            folds.resampling,
            (training, folds.validation),
            (folds.training, validation),
            rows_of(table, self.split),
            folds.of_folds,
        )

    @staticmethod
    def _read(files: ArrayFiles, table: Path, partition: str) -> LabeledFeatures:
        rows = partition_table(read_split(table), partition)
        return read_features(files.array, files.facts, rows)


def train_head(trial: FeatureTrial, data: ShardData, name: str, quiet: bool) -> TrialResult:
    """One trial's metrics, history and validation predictions."""
    started = time.perf_counter()
    if trial.settings.head.solver == "lbfgs":
        return fit_linear_head(trial, data)
    learner = data.learner(trial)
    plan = EpochPlan.of(learner.settings, "head", learner.images)
    run = run_epochs(learner, plan, name, quiet=quiet)
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
    learner: AnyHeadTrainer,
    run: TrainingResult,
    seconds: float,
) -> TrialResult:
    """What a trained head gave."""
    count_steps(sum(epoch.seconds for epoch in run.history) / data.threads)
    held_out = data.held_out(trial)
    metrics = metrics_row(
        trial.id,
        run,
        parameters=_frozen_parameters(trial) + learner.parameters,
        trained_parameters=learner.trained_parameters,
        seconds=seconds,
        memory=peak_memory_mb(),
        validation_images=len(data.validation if held_out is None else held_out.table),
    )
    predictions: list[dict[str, Any]] = []
    if run.status == TrialStatus.DIVERGED:
        pass
    elif isinstance(learner, FoldTrainer):
        labels = learner.data.table["label"].to_numpy()
        metrics = with_calibration(metrics, learner.held_out, labels)
        predictions = folded_predictions(trial.id, learner.data, learner.held_out, data.classes)
    else:
        labels = data.validation["label"].to_numpy()
        probabilities = learner.predict(data.validating(trial))
        metrics = with_calibration(metrics, probabilities[None], labels)
        predictions = validation_predictions(trial.id, data.validation, probabilities, data.classes)
    return TrialResult(metrics, run.rows(trial.id), predictions)


def _frozen_parameters(trial: FeatureTrial) -> int:
    facts = json.loads(trial.validation.facts.read_text(encoding="utf-8"))
    return int(facts["parameters"])


def fit_linear_head(trial: FeatureTrial, data: ShardData) -> TrialResult:
    """Metrics and predictions of an exact linear head, which has no history."""
    started = time.perf_counter()
    settings, held_out = trial.settings, data.held_out(trial)
    if held_out is None:
        fitter = linear_head_fitter(settings, data.training(trial), len(data.classes))
        rows = partition_table(read_split(trial.table), "train")
        scored = score_share(fitter, rows, data.validating(trial), settings.seed)
        table = data.validation
        predictions = validation_predictions(trial.id, table, scored.held_out[0], data.classes)
    else:
        scored = score_in_folds(settings, held_out, len(data.classes))
        table = held_out.table
        predictions = folded_predictions(trial.id, held_out, scored.held_out, data.classes)
    head = scored.head
    standardization = 2 * len(head.mean) if head.mean is not None else 0
    metrics = fitted_row(
        trial.id,
        parameters=_frozen_parameters(trial) + head.parameters + standardization,
        trained_parameters=head.parameters,
        train_accuracy=scored.train_accuracy,
        train_loss=scored.train_loss,
        validation_accuracy=scored.validation_accuracy,
        validation_loss=scored.validation_loss,
        validation_images=len(table),
        seconds=round(time.perf_counter() - started, 3),
        peak_memory_mb=peak_memory_mb(),
    )
    metrics = with_calibration(metrics, scored.held_out, table["label"].to_numpy())
    return TrialResult(metrics, [], predictions)


if __name__ == "__main__":
    # Each trial uses one processor, so that its numbers do not depend on how many there are.
    with script_log(snakemake.log[0]), threadpool_limits(1):
        set_up(snakemake.threads)
        train_heads(
            job=FeatureTrialsJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out_metrics=Path(snakemake.output.metrics),
            out_history=Path(snakemake.output.history),
            out_predictions=Path(snakemake.output.predictions),
            threads=snakemake.threads,
        )
