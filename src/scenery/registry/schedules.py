"""The learning rate schedules: options with bounds and defaults, and the rate of each epoch.

A rate is a function of the epoch and of the validation losses so far, so that a resumed training
gets the same rates as one that was never interrupted. To add a schedule, write a class and list it
in `SCHEDULES`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from scenery.registry.options import Int, Number, Record, choice_of

Factor = Annotated[Number, Field(gt=0, lt=1)]
Positive = Annotated[Number, Field(gt=0)]
Count = Annotated[Int, Field(ge=1)]
Floor = Annotated[Number, Field(ge=0)]

FACTOR = "what the rate is multiplied by at each drop"
FLOOR = "the rate never falls below this"


@dataclass(frozen=True)
class Progress:
    """How far a training is, its warm-up left out.

    Attributes:
        epoch: The next epoch, from 0.
        epochs: Epochs planned in all.
        losses: Validation losses of the epochs before this one, in order.
    """

    epoch: int
    epochs: int
    losses: Sequence[float]


class ScheduleRecord(Record):
    """A schedule; a linear warm-up may precede it."""

    warmup_epochs: Annotated[Int, Field(ge=0)] = Field(
        0, description="Epochs in which the rate climbs linearly to its start value."
    )

    def learning_rate(self, start: float, at: Progress) -> float:
        """The rate of one epoch; `start` is that of the first one after the warm-up."""
        return start


class Constant(ScheduleRecord):
    """One rate for all epochs."""


class Step(ScheduleRecord):
    """The rate drops at regular intervals."""

    factor: Factor = Field(0.5, description=FACTOR)
    every: Count = Field(10, description="epochs between two drops")

    def learning_rate(self, start: float, at: Progress) -> float:
        """start * factor ^ drops."""
        return start * self.factor ** (at.epoch // self.every)


class Exponential(ScheduleRecord):
    """The rate falls exponentially."""

    rate: Positive = Field(0.1, description="r in start * exp(-r * epoch).")

    def learning_rate(self, start: float, at: Progress) -> float:
        """start * exp(-rate * epoch)."""
        return start * math.exp(-self.rate * at.epoch)


class InverseTime(ScheduleRecord):
    """The rate falls with the inverse of the epoch."""

    rate: Positive = Field(0.1, description="r in start / (1 + r * epoch).")

    def learning_rate(self, start: float, at: Progress) -> float:
        """start / (1 + rate * epoch)."""
        return start / (1 + self.rate * at.epoch)


class Cosine(ScheduleRecord):
    """Half a period of a cosine, down to `minimum` in the last epoch (Loshchilov, Hutter 2017)."""

    minimum: Floor = Field(0.0, description=FLOOR)

    def learning_rate(self, start: float, at: Progress) -> float:
        """minimum + (start - minimum) * (1 + cos(pi * progress)) / 2."""
        floor = min(self.minimum, start)
        progress = min(at.epoch / max(at.epochs - self.warmup_epochs - 1, 1), 1.0)
        return floor + (start - floor) * (1 + math.cos(math.pi * progress)) / 2


class Plateau(ScheduleRecord):
    """The rate drops when the validation loss stops falling."""

    factor: Factor = Field(0.5, description=FACTOR)
    patience: Count = Field(5, description="epochs without a lower validation loss before a drop")
    minimum: Floor = Field(0.0, description=FLOOR)

    def learning_rate(self, start: float, at: Progress) -> float:
        """start * factor ^ drops, and at least `minimum`."""
        # A minimum above the start rate must not raise it.
        return max(start * self.factor ** self._drops(at.losses), min(self.minimum, start))

    def _drops(self, losses: Sequence[float]) -> int:
        """How often `patience` epochs in a row brought no lower loss; NaN is not lower."""
        best, waited, drops = math.inf, 0, 0
        for loss in losses:
            if loss < best:
                best, waited = loss, 0
                continue
            waited += 1
            if waited == self.patience:
                drops, waited = drops + 1, 0
        return drops


SCHEDULES: dict[str, type[ScheduleRecord]] = {
    "constant": Constant,
    "step": Step,
    "exponential": Exponential,
    "inverse_time": InverseTime,
    "cosine": Cosine,
    "plateau": Plateau,
}


class Schedule(choice_of(SCHEDULES, "constant", "The schedule.")):  # type: ignore[misc]
    """How the learning rate changes from epoch to epoch."""

    renamed_keys: ClassVar[dict[str, str]] = {"warm_up": "warmup_epochs"}


def learning_rate(
    schedule: Schedule,
    start: float,
    epoch: int,
    epochs: int,
    validation_losses: Sequence[float] = (),
) -> float:
    """The learning rate of one epoch.

    The warm-up rises linearly, (epoch + 1) / (warmup_epochs + 1) of `start`. The schedule starts
    after it and counts its epochs from there.

    Args:
        schedule: The schedule and its options.
        start: The learning rate that the schedule starts from.
        epoch: Counted from 0.
        epochs: Planned in all.
        validation_losses: Of the epochs before this one, in order; more are ignored.
    """
    warmup = schedule.warmup_epochs
    if epoch < warmup:
        return start * (epoch + 1) / (warmup + 1)
    at = Progress(epoch - warmup, epochs, validation_losses[warmup:epoch])
    return float(schedule.record.learning_rate(start, at))
