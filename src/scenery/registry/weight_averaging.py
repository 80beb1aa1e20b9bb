"""Averages of weights over training: options with bounds and defaults, and how fast they move.

To add one, write a class and list it in `WEIGHT_AVERAGES`.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from scenery.registry.options import Fraction, Number, Record, choice_of

Momentum = Annotated[Number, Field(gt=0, lt=1)]


class WeightAverageRecord(Record):
    """A way to average weights.

    Attributes:
        per_step: Whether the average takes in the weights after each gradient step, with the batch
            norm statistics of that step. If not, it takes them in after each epoch, and batch norm
            statistics are computed anew with the averaged weights.
    """

    per_step: ClassVar[bool] = True

    def first_epoch(self, epochs: int) -> int | None:
        """The first epoch, counted from 0, whose weights are averaged; None: there is none.

        Args:
            epochs: Planned in all.
        """
        return 0

    def share_kept(self, updates: int) -> float:
        """The share of the old average in the new one, 0 to 1.

        Args:
            updates: Number of weights that the average has taken in.
        """
        raise NotImplementedError


class NoAverage(WeightAverageRecord):
    """The weights of the last step."""

    def first_epoch(self, epochs: int) -> int | None:
        """None."""
        return None


class ExponentialMovingAverage(WeightAverageRecord):
    """An exponential moving average (Polyak and Juditsky 1992; Tarvainen and Valpola 2017)."""

    momentum: Momentum = Field(
        0.99, description="share of the old average that a gradient step keeps, after a start"
    )

    def share_kept(self, updates: int) -> float:
        """At most n / (n + 9), so that the first steps do not count for long.

        This is the rule of `tf.train.ExponentialMovingAverage` with `num_updates`.
        """
        return min(self.momentum, updates / (updates + 9))


class StochasticWeightAverage(WeightAverageRecord):
    """The mean of the weights after each of the last epochs (Izmailov et al. 2018)."""

    per_step = False

    start: Fraction = Field(
        0.75, description="fraction of the epochs after which weights are averaged"
    )

    def first_epoch(self, epochs: int) -> int | None:
        """The one after `start` of all epochs; at least the last one is averaged."""
        return min(int(self.start * epochs), epochs - 1)

    def share_kept(self, updates: int) -> float:
        """That of a plain mean."""
        return updates / (updates + 1)


WEIGHT_AVERAGES: dict[str, type[WeightAverageRecord]] = {
    "none": NoAverage,
    "ema": ExponentialMovingAverage,
    "swa": StochasticWeightAverage,
}


class WeightAveraging(
    choice_of(  # type: ignore[misc]
        WEIGHT_AVERAGES,
        "none",
        "none; ema: exponential moving average over gradient steps; swa: stochastic weight "
        "averaging, the mean over the last epochs.",
    )
):
    """The average of the weights over training, which is validated and kept."""
