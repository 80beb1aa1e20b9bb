"""Training as a sequence of epochs: the one loop behind heads, fine-tuning and refits.

What differs between them is how one epoch is computed (a `Learner`); learning rates, the best
epoch, early stopping, divergence, progress and resuming are the same for all and live here.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np

from scenery.learning.schedules import learning_rate
from scenery.study.settings import EarlyStopping, Schedule, Settings

log = logging.getLogger("scenery")

Weights = list[np.ndarray]


class Learner(Protocol):
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


@dataclass
class Epoch:
    """One row of a trial's history; `epoch` counts from 1."""

    step: str
    epoch: int
    learning_rate: float
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass
class Run:
    """What training gave.

    Attributes:
        status: completed, diverged, or stopped before its end.
        reason: Why it diverged or was stopped, in words; empty otherwise.
        history: One row per epoch.
        best: Weights of the best epoch: highest validation accuracy, then lowest validation loss.
        best_epoch: Its number, from 1; 0 where no epoch was finished.
    """

    status: str = "completed"
    reason: str = ""
    history: list[Epoch] = field(default_factory=list)
    best: Weights = field(default_factory=list)
    best_epoch: int = 0

    @property
    def best_row(self) -> Epoch:
        """History of the best epoch."""
        last_step = self.history[-1].step
        rows = [row for row in self.history if row.step == last_step]
        return rows[self.best_epoch - 1]

    @property
    def rates(self) -> list[float]:
        """Learning rates of the last step up to its best epoch."""
        last_step = self.history[-1].step
        rows = [row for row in self.history if row.step == last_step]
        return [row.learning_rate for row in rows[: self.best_epoch]]

    def rows(self, trial: str) -> list[dict[str, Any]]:
        """The history as rows of history.csv."""
        return [{"trial": trial, **asdict(row)} for row in self.history]


@dataclass(frozen=True)
class Plan:
    """How long to train and at which rates.

    Attributes:
        step: head or network; stands in the history.
        epochs: Largest number of passes.
        start: Learning rate at the start.
        schedule: How the rate changes.
        early_stopping: When to end before `epochs`; None: never.
        until: The epoch after which training pauses; None: it does not.
    """

    step: str
    epochs: int
    start: float
    schedule: Schedule
    early_stopping: EarlyStopping | None = None
    until: int | None = None

    @classmethod
    def of(cls, settings: Settings, step: str) -> "Plan":
        """The plan that a trial's settings ask for."""
        return cls(
            step=step,
            epochs=settings.epochs,
            start=settings.optimizer.learning_rate,
            schedule=settings.schedule,
            early_stopping=settings.early_stopping,
        )


def run_epochs(
    learner: Learner,
    plan: Plan,
    name: str,
    run: Run | None = None,
    after_epoch: Callable[[Run, bool], None] | None = None,
    quiet: bool = False,
) -> Run:
    """Train until the plan's end, its pause, early stopping or divergence.

    Args:
        learner: The network and its data.
        plan: Epochs, rates and stopping.
        name: What the trial is called in the progress lines.
        run: A run to go on with after its last finished epoch.
        after_epoch: Called with the run and whether the epoch was the best one so far.
        quiet: No line per epoch.

    Returns:
        The run; `learner` holds the weights of the best epoch. A run that paused is stopped
        unless it is gone on with.
    """
    run = run or Run()
    run.status, run.reason = "completed", ""
    for number in range(len(run.history), plan.epochs):
        if _is_over(run, plan.early_stopping):
            break
        if plan.until is not None and number >= plan.until:
            run.status = "stopped"
            run.reason = f"ended after {number} of {plan.epochs} epochs: others were better"
            break
        started = time.perf_counter()
        losses = [row.validation_loss for row in run.history]
        rate = learning_rate(plan.schedule, plan.start, number, plan.epochs, losses)
        loss, accuracy = learner.train_epoch(number, rate)
        if not math.isfinite(loss):
            return _diverged(run, "training loss", loss, number, rate)
        validation_loss, validation_accuracy = learner.validate()
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
        improved = _is_better(row, run)
        if improved:
            run.best, run.best_epoch = learner.get_weights(), row.epoch
        if not quiet:
            log.info("%s: %s", name, _progress(row, plan))
        if after_epoch is not None:
            after_epoch(run, improved)
    learner.set_weights(run.best)
    return run


def replay(
    learner: Learner,
    rates: Sequence[float],
    step: str,
    name: str,
    run: Run | None = None,
    after_epoch: Callable[[Run], None] | None = None,
) -> Run:
    """Train once more at recorded learning rates, one epoch each, and keep the last weights.

    A refit has no validation images left to choose an epoch by, so it repeats the chosen
    trial's rates up to that trial's best epoch, whatever schedule they came from.
    """
    run = run or Run()
    for number in range(len(run.history), len(rates)):
        rate = rates[number]
        started = time.perf_counter()
        loss, accuracy = learner.train_epoch(number, rate)
        if not math.isfinite(loss):
            return _diverged(run, "training loss", loss, number, rate)
        seconds = round(time.perf_counter() - started, 3)
        nan = math.nan
        run.history.append(Epoch(step, number + 1, rate, loss, accuracy, nan, nan, seconds))
        if step == "network" or number + 1 == len(rates):
            log.info("%s: epoch %d/%d  accuracy %.3f", name, number + 1, len(rates), accuracy)
        if after_epoch is not None:
            run.best, run.best_epoch = learner.get_weights(), number + 1
            after_epoch(run)
    run.best, run.best_epoch = learner.get_weights(), len(rates)
    return run


def _is_better(row: Epoch, run: Run) -> bool:
    if not run.best_epoch:
        return True
    best = run.best_row
    return (row.validation_accuracy, -row.validation_loss) > (
        best.validation_accuracy,
        -best.validation_loss,
    )


def _is_over(run: Run, stopping: EarlyStopping | None) -> bool:
    if stopping is None or not run.history:
        return False
    sign = 1 if stopping.monitor == "validation_accuracy" else -1
    values = [sign * getattr(row, stopping.monitor) for row in run.history]
    return len(values) - 1 - values.index(max(values)) >= stopping.patience


def _diverged(run: Run, what: str, value: float, number: int, rate: float) -> Run:
    run.status = "diverged"
    run.reason = f"{what} became {value} in epoch {number + 1} (learning rate {rate:g})"
    log.warning("diverged: %s", run.reason)
    return run


def _progress(row: Epoch, plan: Plan) -> str:
    left = (plan.epochs - row.epoch) * row.seconds
    return (
        f"epoch {row.epoch}/{plan.epochs}  accuracy {row.accuracy:.3f}  "
        f"validation accuracy {row.validation_accuracy:.3f}  "
        f"loss {row.validation_loss:.3f}  ({row.seconds:.1f} s, {left:.0f} s left)"
    )
