"""Training as a sequence of epochs: one loop for heads, fine-tuning and refits.

A `Trainer` computes one epoch. Learning rates, the best epoch, early stopping, divergence, progress
and resuming are the same for all trainers.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from scenery.config.settings import Schedule, Settings
from scenery.config.training import ACCURACY, LOSS, MODES, EarlyStopping
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import Epoch, TrainingResult, Weights
from scenery.pipeline.execution import FILE_ONLY
from scenery.registry.schedules import learning_rate

log = logging.getLogger("scenery")

# Seconds below which an epoch is quick: of these the terminal shows each tenth.
QUICK = 1.0
SHOWN_OF_QUICK = 10


class Trainer(Protocol):
    """One network with its data, able to compute one epoch."""

    def train_epoch(self, epoch: int, rate: float) -> tuple[float, float]:
        """Train for one pass; all random draws depend on the seed and the epoch alone.

        Returns:
            Mean training loss and accuracy over the pass.
        """
        ...

    def validate(self) -> tuple[float, float]:
        """Cross-entropy and accuracy on the validation images."""
        ...

    def get_weights(self) -> Weights:
        """A copy of all weights."""
        ...

    def set_weights(self, weights: Weights) -> None:
        """Put weights back."""
        ...


@dataclass(frozen=True)
class EpochPlan:
    """How long to train and at which rates.

    Attributes:
        step: head or network; a column of the history.
        epochs: Largest number of passes.
        start: Learning rate at the start.
        schedule: How the rate changes.
        early_stopping: When to end before `epochs`; None: never.
        until: The epoch after which training pauses; None: it does not.
        steps: Gradient steps in one epoch.
        monitor: Measure of the best epoch: validation_accuracy or validation_loss.
        smoothing: Number of epochs whose mean is compared.
    """

    step: str
    epochs: int
    start: float
    schedule: Schedule
    early_stopping: EarlyStopping | None = None
    until: int | None = None
    steps: int = 1
    monitor: str = ACCURACY
    smoothing: int = 1

    @classmethod
    def of(cls, settings: Settings, step: str, images: int) -> "EpochPlan":
        """The plan of a trial.

        Args:
            settings: Its settings.
            step: head or network.
            images: Number of training images.
        """
        return cls(
            step=step,
            epochs=settings.epochs_of(images),
            start=settings.optimizer.learning_rate,
            schedule=settings.schedule,
            early_stopping=settings.early_stopping,
            steps=settings.steps_of(images),
            monitor=settings.monitor,
            smoothing=settings.checkpoint.smoothing,
        )


def run_epochs(
    trainer: Trainer,
    plan: EpochPlan,
    name: str,
    run: TrainingResult | None = None,
    after_epoch: Callable[[TrainingResult, bool], None] | None = None,
    quiet: bool = False,
) -> TrainingResult:
    """Train until the plan's end, its pause, early stopping or divergence.

    Args:
        trainer: The network and its data.
        plan: Epochs, rates and stopping.
        name: What the trial is called in the progress lines.
        run: A run to go on with after its last finished epoch.
        after_epoch: Called with the run and whether the epoch was the best one so far.
        quiet: No line per epoch.

    Returns:
        The run; `trainer` holds the weights of the best epoch. A run that paused is stopped
        unless it is gone on with.
    """
    run = run or TrainingResult()
    run.status, run.reason = TrialStatus.COMPLETED, ""
    for number in range(len(run.history), plan.epochs):
        if _is_over(run, plan):
            break
        if plan.until is not None and number >= plan.until:
            run.status = TrialStatus.STOPPED
            run.reason = f"ended after {number} of {plan.epochs} epochs: others were better"
            break
        started = time.perf_counter()
        losses = [row.validation_loss for row in run.history]
        rate = learning_rate(plan.schedule, plan.start, number, plan.epochs, losses, plan.steps)
        loss, accuracy = trainer.train_epoch(number, rate)
        if not math.isfinite(loss):
            return _diverged(run, "training loss", loss, number, rate)
        validation_loss, validation_accuracy = trainer.validate()
        if not math.isfinite(validation_loss):
            return _diverged(run, "validation loss", validation_loss, number, rate)
        row = Epoch(
            step=plan.step,
            epoch=number + 1,
            learning_rate=rate,
            loss=loss,
            accuracy=accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            seconds=round(time.perf_counter() - started, 3),
        )
        run.history.append(row)
        improved = _is_better(run, plan)
        if improved:
            run.best, run.best_epoch = trainer.get_weights(), row.epoch
        if not quiet:
            log.info("%s: %s", name, _progress(row, plan), extra=_shown(row, plan))
        if after_epoch is not None:
            after_epoch(run, improved)
    trainer.set_weights(run.best)
    return run


def fit_at_recorded_rates(
    trainer: Trainer,
    rates: Sequence[float],
    step: str,
    name: str,
    run: TrainingResult | None = None,
    after_epoch: Callable[[TrainingResult], None] | None = None,
) -> TrainingResult:
    """Train once more at recorded learning rates, one epoch each, and keep the last weights.

    A refit has no validation images left to choose an epoch by, so it repeats the chosen
    trial's rates up to that trial's best epoch.
    """
    run = run or TrainingResult()
    for number in range(len(run.history), len(rates)):
        rate = rates[number]
        started = time.perf_counter()
        loss, accuracy = trainer.train_epoch(number, rate)
        if not math.isfinite(loss):
            return _diverged(run, "training loss", loss, number, rate)
        seconds = round(time.perf_counter() - started, 3)
        nan = math.nan
        run.history.append(Epoch(step, number + 1, rate, loss, accuracy, nan, nan, seconds))
        if step == "network" or number + 1 == len(rates):
            log.info("%s: epoch %d/%d  accuracy %.3f", name, number + 1, len(rates), accuracy)
        if after_epoch is not None:
            run.best, run.best_epoch = trainer.get_weights(), number + 1
            after_epoch(run)
    run.best, run.best_epoch = trainer.get_weights(), len(rates)
    return run


def _is_better(run: TrainingResult, plan: EpochPlan) -> bool:
    """Whether the last epoch is the best one so far."""
    # Before `smoothing` epochs there is no mean, and the last epoch is kept.
    if run.best_epoch < plan.smoothing or not run.best_epoch:
        return True
    return _goodness(run, plan, len(run.history)) > _goodness(run, plan, run.best_epoch)


def _goodness(run: TrainingResult, plan: EpochPlan, epoch: int) -> tuple[float, float]:
    """The monitored measure of an epoch, then the other one; high is good."""
    other = LOSS if plan.monitor == ACCURACY else ACCURACY
    first = _smooth(run, plan.monitor, epoch, plan.smoothing)
    return first, _smooth(run, other, epoch, plan.smoothing)


def _smooth(run: TrainingResult, measure: str, epoch: int, count: int) -> float:
    """Mean of a measure over `count` epochs up to one, where high is good."""
    rows = run.history[max(epoch - count, 0) : epoch]
    # An exact sum, so that windows with the same values are equal.
    mean = math.fsum(getattr(row, measure) for row in rows) / len(rows)
    return mean if MODES[measure] == "max" else -mean


def _is_over(run: TrainingResult, plan: EpochPlan) -> bool:
    if plan.early_stopping is None or not run.history:
        return False
    measure = plan.early_stopping.monitor or plan.monitor
    first = min(plan.smoothing, len(run.history))
    values = [
        _smooth(run, measure, epoch, plan.smoothing) for epoch in range(first, len(run.history) + 1)
    ]
    return len(values) - 1 - values.index(max(values)) >= plan.early_stopping.patience


def _diverged(
    run: TrainingResult, what: str, value: float, number: int, rate: float
) -> TrainingResult:
    run.status = TrialStatus.DIVERGED
    run.reason = f"{what} became {value} in epoch {number + 1} (learning rate {rate:g})"
    log.warning("diverged: %s", run.reason)
    return run


def _shown(row: Epoch, plan: EpochPlan) -> dict[str, bool]:
    """For the terminal every epoch, but of quick ones some; the log file has all of them."""
    shown = row.seconds >= QUICK or row.epoch % SHOWN_OF_QUICK == 0 or row.epoch == plan.epochs
    return {} if shown else FILE_ONLY


def _progress(row: Epoch, plan: EpochPlan) -> str:
    left = (plan.epochs - row.epoch) * row.seconds
    return (
        f"epoch {row.epoch}/{plan.epochs}  accuracy {row.accuracy:.3f}  "
        f"validation accuracy {row.validation_accuracy:.3f}  "
        f"loss {row.validation_loss:.3f}  ({row.seconds:.1f} s, {left:.0f} s left)"
    )
