"""Fine-tuning of one trial in folds: each fold in a process of its own, and all folds as one trial.

A fold knows nothing of the others while it trains, so it trains for all epochs and keeps what it
predicts after each of them. The best epoch and early stopping are those of the mean over the folds,
as of heads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scenery.config.settings import Settings
from scenery.evaluation.held_out import HeldOutData
from scenery.evaluation.training_result import Epoch, TrainingResult
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.fold_trainer import FoldTrainer


@dataclass(frozen=True)
class FoldHistory:
    """What a network gave in one fold.

    Attributes:
        history: One row for each epoch, of both steps.
        predictions: Class probabilities of the held-out images after each epoch of the last step,
            shape (epochs, images, classes).
    """

    history: list[Epoch]
    predictions: np.ndarray

    def of_step(self, step: str) -> list[Epoch]:
        """The epochs of one step."""
        return [row for row in self.history if row.step == step]


class RecordedFolds(FoldTrainer):
    """A trainer whose epochs were computed by other processes; see `epochs.Trainer`.

    Args:
        settings: Settings of the trial.
        classes: Number of classes.
        data: The images with their folds; their features are not read.
        recorded: What each fold gave.
        parameters: Number of weights of the network.
        trained_parameters: How many of them are learned.
    """

    def __init__(
        self,
        settings: Settings,
        classes: int,
        data: HeldOutData,
        recorded: Sequence[FoldHistory],
        parameters: int,
        trained_parameters: int,
    ) -> None:
        super().__init__(settings, classes, data)
        self.recorded = recorded
        self.parameters = parameters
        self.trained_parameters = trained_parameters

    def train_epoch(self, epoch: int, rate: float) -> tuple[float, float]:
        """Mean loss and accuracy of the recorded epoch."""
        for fold, found in zip(self.folds, self.recorded, strict=True):
            self.held_out[fold.repeat, fold.held_out] = found.predictions[epoch]
        rows = [found.of_step("network")[epoch] for found in self.recorded]
        loss, accuracy = np.mean([(row.loss, row.accuracy) for row in rows], axis=0)
        return float(loss), float(accuracy)


def join_folds(trainer: RecordedFolds, name: str) -> TrainingResult:
    """The result of a trial from what its folds gave.

    Args:
        trainer: The folds.
        name: What the trial is called in the progress lines.

    Returns:
        The run; `trainer` holds the predictions of the best epoch. The seconds and the learning
        rate of an epoch are the sum and the mean over the folds.
    """
    plan = EpochPlan.of(trainer.settings, "network", trainer.images)
    run = run_epochs(trainer, plan, name, quiet=True)
    first = [_mean(rows) for rows in _by_epoch(trainer.recorded, "head")]
    for row, rows in zip(run.history, _by_epoch(trainer.recorded, "network"), strict=False):
        # A schedule that looks at the validation loss looked at that of its own fold.
        mean = _mean(rows)
        row.learning_rate, row.seconds = mean.learning_rate, mean.seconds
    run.history = [*first, *run.history]
    return run


def _by_epoch(recorded: Sequence[FoldHistory], step: str) -> Iterator[tuple[Epoch, ...]]:
    """The rows of all folds for each epoch of a step."""
    return zip(*(found.of_step(step) for found in recorded), strict=True)


def _mean(rows: Sequence[Epoch]) -> Epoch:
    """The mean of one epoch over the folds; seconds are summed."""

    def mean(measure: str) -> float:
        return float(np.mean([getattr(row, measure) for row in rows]))

    return Epoch(
        step=rows[0].step,
        epoch=rows[0].epoch,
        learning_rate=mean("learning_rate"),
        loss=mean("loss"),
        accuracy=mean("accuracy"),
        validation_loss=mean("validation_loss"),
        validation_accuracy=mean("validation_accuracy"),
        seconds=sum(row.seconds for row in rows),
    )
