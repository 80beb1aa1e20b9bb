"""The mean cost of predictions, where some mistakes are worse than others."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Costs = Mapping[str, Mapping[str, float]]

DRAWS = 2000


def costs_of(true: Sequence[str], predicted: Sequence[str], costs: Costs) -> NDArray[np.float64]:
    """The cost of each prediction, shape (images,).

    Args:
        true: True class of each image.
        predicted: Predicted class of each image.
        costs: By true class and predicted class. A mistake that is not named costs 1, and a right
            answer 0.
    """
    return np.array(
        [
            costs.get(one, {}).get(other, float(one != other))
            for one, other in zip(true, predicted, strict=True)
        ]
    )


def trial_costs(
    trials: Sequence[str], predictions: Sequence[pd.DataFrame], costs: Costs
) -> list[float]:
    """The mean cost of each trial's predictions of validation images; NaN without predictions.

    Args:
        trials: Ids of the trials.
        predictions: Tables with the columns trial, class and predicted.
        costs: As of `costs_of`.
    """
    rows = pd.concat([one[["trial", "class", "predicted"]] for one in predictions])
    values = pd.Series(costs_of(list(rows["class"]), list(rows["predicted"]), costs))
    means = values.groupby(rows["trial"].to_numpy()).mean()
    return [float(means.get(trial, math.nan)) for trial in trials]


def cost_interval(
    true: Sequence[str],
    predicted: Sequence[str],
    costs: Costs,
    groups: NDArray[Any] | None = None,
    draws: int = DRAWS,
) -> dict[str, float]:
    """Mean cost with its 95 % bootstrap percentile interval (Efron 1979, seed 0).

    Groups of images are drawn within the class of their first image, so that each draw has as many
    groups of a rare class as the images have.

    Args:
        true, predicted, costs: As of `costs_of`.
        groups: Shape (images,): images of one group are drawn together; None: all are independent.
        draws: Number of draws.

    Returns:
        cost, cost_low and cost_high.
    """
    values = costs_of(true, predicted, costs)
    numbers = np.arange(len(values)) if groups is None else np.asarray(groups)
    _, first, member = np.unique(numbers, return_index=True, return_inverse=True)
    sums, sizes = np.bincount(member, values), np.bincount(member)
    strata = np.asarray(true, dtype=object)[first]
    random = np.random.default_rng(0)
    total, images = np.zeros(draws), np.zeros(draws)
    for name in sorted(set(strata)):
        own = np.flatnonzero(strata == name)
        drawn = own[random.integers(0, len(own), (draws, len(own)))]
        total += sums[drawn].sum(axis=1)
        images += sizes[drawn].sum(axis=1)
    low, high = np.percentile(total / images, [2.5, 97.5])
    return {"cost": float(values.mean()), "cost_low": float(low), "cost_high": float(high)}
