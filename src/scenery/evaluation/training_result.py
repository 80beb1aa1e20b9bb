"""The result of training one model: its history and the weights of its best epoch."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from scenery.evaluation.status import TrialStatus

Weights = list[np.ndarray]


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
class TrainingResult:
    """What training gave.

    Attributes:
        status: How training ended.
        reason: Why it diverged or was stopped, in words; empty otherwise.
        history: One row per epoch.
        best: Weights of the best epoch, by the measure that the settings monitor.
        best_epoch: Its number, from 1; 0 where no epoch was finished.
    """

    status: TrialStatus = TrialStatus.COMPLETED
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
