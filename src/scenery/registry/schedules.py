"""The learning rate schedules: options with bounds and defaults, and the rate of each epoch.

A rate is a function of the epoch and of the validation losses so far, so that a resumed training
gets the same rates as one that was never interrupted. To add a schedule, write a class and list it
in `SCHEDULES`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from scenery.registry.options import Int, Number, Rate, Record, choice_of

Factor = Annotated[Number, Field(gt=0, lt=1)]
Positive = Annotated[Number, Field(gt=0)]
Count = Annotated[Int, Field(ge=1)]
Floor = Annotated[Number, Field(ge=0)]
Rates = Annotated[tuple[Rate, ...], Field(min_length=1, max_length=100_000)]

FACTOR = "what the rate is multiplied by at each drop"
FLOOR = "the rate never falls below this"


@dataclass(frozen=True)
class Progress:
    """How far a training is, its warm-up left out.

    Attributes:
        epoch: The next epoch, from 0.
        epochs: Epochs planned in all.
        losses: Validation losses of the epochs before this one, in order.
        steps: Gradient steps in one epoch.
    """

    epoch: int
    epochs: int
    losses: Sequence[float]
    steps: int = 1


class ScheduleRecord(Record):
    """A schedule; a linear warm-up may precede it."""

    warmup_epochs: Annotated[Int, Field(ge=0)] = Field(
        0, description="Epochs in which the rate climbs linearly to its start value."
    )

    def learning_rate(self, start: float, at: Progress) -> float:
        """The rate of one epoch; `start` is that of the first one after the warm-up."""
        return start

    def decay_in_epoch(self, start: float, rate: float) -> float:
        """d of rate / (1 + d * step), by which the rate falls within an epoch; 0: it does not.

        Args:
            start: Learning rate of the first epoch after the warm-up.
            rate: Learning rate of the first step of this epoch.
        """
        return 0.0


class Constant(ScheduleRecord):
    """One rate for all epochs."""


class Step(ScheduleRecord):
    """The rate drops at regular intervals, the first time in epoch `every`."""

    factor: Factor = Field(0.5, description=FACTOR)
    every: Count = Field(10, description="epochs between two drops")

    def learning_rate(self, start: float, at: Progress) -> float:
        """start * factor ^ floor((1 + epoch) / every)."""
        return start * self.factor ** ((1 + at.epoch) // self.every)


class Exponential(ScheduleRecord):
    """The rate falls exponentially."""

    rate: Positive = Field(0.1, description="r in start * exp(-r * epoch).")

    def learning_rate(self, start: float, at: Progress) -> float:
        """start * exp(-rate * epoch)."""
        return start * math.exp(-self.rate * at.epoch)


class InverseTime(ScheduleRecord):
    """The rate falls with the inverse of the epoch, or of the gradient step."""

    rate: Positive = Field(0.1, description="r in start / (1 + r * epoch).")
    per: Literal["epoch", "step"] = Field(
        "epoch", description="what the rate falls with: the epochs, or the gradient steps (batches)"
    )

    def learning_rate(self, start: float, at: Progress) -> float:
        """start / (1 + rate * epoch), or start / (1 + rate * step) of the epoch's first step."""
        passed = at.epoch * (at.steps if self.per == "step" else 1)
        return start / (1 + self.rate * passed)

    def decay_in_epoch(self, start: float, rate: float) -> float:
        """start / (1 + r * (s + step)) is rate / (1 + d * step) with d = r * rate / start."""
        return self.rate * rate / start if self.per == "step" else 0.0


class Cosine(ScheduleRecord):
    """Half a period of a cosine, which reaches `minimum` after the last epoch.

    Loshchilov and Hutter (2017), without restarts; `CosineDecay` of Keras.
    """

    minimum: Floor = Field(0.0, description=FLOOR)

    def learning_rate(self, start: float, at: Progress) -> float:
        """minimum + (start - minimum) * (1 + cos(pi * epoch / epochs)) / 2."""
        floor = min(self.minimum, start)
        progress = min(at.epoch / (at.epochs - self.warmup_epochs), 1.0)
        return floor + (start - floor) * (1 + math.cos(math.pi * progress)) / 2


class ListOfRates(ScheduleRecord):
    """A list of learning rates, one for each epoch; further epochs have the last one."""

    rates: Rates = Field(
        (1e-3,), description="learning rates of the epochs, in place of optimizer.learning_rate"
    )

    def problem(self) -> str | None:
        """A warm-up, which the list itself can hold."""
        if self.warmup_epochs:
            return "list has no warmup_epochs; write their rates into rates"
        return None

    def learning_rate(self, start: float, at: Progress) -> float:
        """The rate of the epoch in the list."""
        return self.rates[min(at.epoch, len(self.rates) - 1)]


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
    "list": ListOfRates,
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
    steps: int = 1,
) -> float:
    """The learning rate of one epoch, or of its first step.

    The warm-up rises linearly, (epoch + 1) / (warmup_epochs + 1) of `start`. The schedule starts
    after it and counts its epochs from there.

    Args:
        schedule: The schedule and its options.
        start: The learning rate that the schedule starts from.
        epoch: Counted from 0.
        epochs: Planned in all.
        validation_losses: Of the epochs before this one, in order; more are ignored.
        steps: Gradient steps in one epoch.
    """
    warmup = schedule.warmup_epochs
    if epoch < warmup:
        return start * (epoch + 1) / (warmup + 1)
    at = Progress(epoch - warmup, epochs, validation_losses[warmup:epoch], steps)
    return float(schedule.record.learning_rate(start, at))


def decay_in_epoch(schedule: Schedule, start: float, epoch: int, rate: float) -> float:
    """d of rate / (1 + d * step), by which the rate falls within an epoch; 0: it does not.

    Args:
        schedule: The schedule and its options.
        start: The learning rate that the schedule starts from.
        epoch: Counted from 0.
        rate: Learning rate of the first step of this epoch.
    """
    if epoch < schedule.warmup_epochs:
        return 0.0
    return float(schedule.record.decay_in_epoch(start, rate))


def falls_in_epoch(schedule: Schedule) -> bool:
    """Whether the rate also changes from step to step."""
    return bool(schedule.record.decay_in_epoch(1.0, 1.0))
