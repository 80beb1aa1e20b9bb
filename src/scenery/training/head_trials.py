"""Trials of heads on features of a frozen backbone: trained in epochs, or fitted exactly."""

import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from scenery.classical.linear_scores import (
    inner_divisions,
    linear_head_fitter,
    score_in_folds,
    score_share,
)
from scenery.config.settings import Settings
from scenery.evaluation.division_data import FinalData
from scenery.evaluation.result_tables import read_results
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import TrainingResult
from scenery.evaluation.trial_batches import (
    AnyTrial,
    TrialResult,
    folded_predictions,
    validation_predictions,
)
from scenery.evaluation.trial_data import TrialData
from scenery.evaluation.trial_tables import fitted_row, metrics_row, with_calibration
from scenery.pipeline.execution import count_steps, peak_memory_mb
from scenery.pipeline.jobs.halving import HalvingPlan
from scenery.study.successive_halving import Ranking, survivors_at
from scenery.training.epochs import EpochPlan, fit_at_recorded_rates, run_epochs
from scenery.training.fold_trainer import FoldTrainer
from scenery.training.head_stack import can_be_stacked
from scenery.training.successive_halving import run_in_rungs
from scenery.training.trainers import AnyHeadTrainer, fold_trainer, head_trainer

T = TypeVar("T", bound=AnyTrial)


def needs_keras(trial: AnyTrial) -> bool:
    """Whether only Keras can train the head of a trial."""
    return trial.settings.head.solver != "lbfgs" and not can_be_stacked(trial.settings)


def train_head(trial: T, data: TrialData[T], name: str, quiet: bool) -> TrialResult:
    """One trial's metrics, history and validation predictions."""
    started = time.perf_counter()
    if trial.settings.head.solver == "lbfgs":
        return fit_linear_head(trial, data)
    learner = _trainer(trial, data)
    plan = EpochPlan.of(learner.settings, "head", learner.images)
    run = run_epochs(learner, plan, name, quiet=quiet)
    return outcome(trial, data, learner, run, time.perf_counter() - started)


def train_in_rungs(trials: Sequence[T], data: TrialData[T], plan: HalvingPlan) -> list[TrialResult]:
    """Successive halving: what a trial gives depends on the others, so nothing is taken over.

    Args:
        trials: All trials of the experiment, or of a round of it.
        data: What they share.
        plan: When and how they are compared.
    """
    learners = {trial.id: _trainer(trial, data) for trial in trials}
    earlier = earlier_rankings(plan.earlier)
    runs, reached = run_in_rungs(
        learners,
        plan.rungs,
        lambda rung, so_far: survivors_at(
            rung, so_far, plan.brackets, plan.halving, plan.choose, earlier.get(rung, ())
        ),
    )
    results = []
    for trial in trials:
        run = runs[trial.id]
        seconds = sum(row.seconds for row in run.history)
        result = outcome(trial, data, learners[trial.id], run, seconds)
        steps = [[one.accuracy, one.loss] for one in reached[trial.id] if not one.diverged]
        metrics = result.metrics | {"comparisons": json.dumps(steps)}
        results.append(dataclasses.replace(result, metrics=metrics))
    return results


def earlier_rankings(metrics: Sequence[Path]) -> dict[int, list[Ranking]]:
    """What the heads of earlier rounds had reached at each comparison, by its number."""
    found: dict[int, list[Ranking]] = {}
    for row in (row for path in metrics for row in read_results(path).to_dict("records")):
        for rung, (accuracy, loss) in enumerate(json.loads(row["comparisons"])):
            found.setdefault(rung, []).append(Ranking(row["trial"], False, accuracy, loss))
    return found


def outcome(
    trial: T,
    data: TrialData[T],
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
        parameters=data.frozen_parameters(trial) + learner.parameters,
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


def fit_linear_head(trial: T, data: TrialData[T]) -> TrialResult:
    """Metrics and predictions of an exact linear head, which has no history."""
    started = time.perf_counter()
    settings, held_out = trial.settings, data.held_out(trial)
    if held_out is None:
        fitter = linear_head_fitter(settings, data.training(trial), len(data.classes))
        scored = score_share(
            fitter, data.training_table(trial), data.validating(trial), settings.seed
        )
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
        parameters=data.frozen_parameters(trial) + head.parameters + standardization,
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


def final_predictions(
    settings: Settings, data: FinalData, classes: int, rates: Sequence[float]
) -> np.ndarray:
    """Class probabilities of unseen images by a head of all training images.

    Args:
        settings: Settings of the head.
        data: What it learns from.
        classes: Number of classes.
        rates: The learning rates of the trial up to its best epoch, for a refit in epochs.

    Raises:
        ValueError: The head cannot be fitted.
    """
    if settings.head.solver == "lbfgs":
        fitter = linear_head_fitter(settings, data.training, classes)
        folds = data.folds
        if folds is None:
            folds = inner_divisions(data.table, settings.seed)
        head = fitter.fit(fitter.chosen(fitter.first_view, folds))
        return head.probabilities(np.asarray(data.unseen.values))
    learner = head_trainer(settings, classes, data.training, data.validation)
    if data.validation is None:
        run = fit_at_recorded_rates(learner, rates, "head", "final head")
    else:
        plan = EpochPlan.of(settings, "head", learner.images)
        run = run_epochs(learner, plan, "final head", quiet=True)
    if run.status != TrialStatus.COMPLETED:
        raise ValueError(run.reason)
    return learner.predict(data.unseen)


def _trainer(trial: T, data: TrialData[T]) -> AnyHeadTrainer:
    """A trial's head with its features."""
    held_out = data.held_out(trial)
    if held_out is not None:
        return fold_trainer(trial.settings, len(data.classes), held_out)
    return head_trainer(
        trial.settings, len(data.classes), data.training(trial), data.validating(trial)
    )
