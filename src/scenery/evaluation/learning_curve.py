"""What more training images would bring: a power law of the error, carried on.

The error of many learners falls as a power of the number of training images (Hestness et al. 2017).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DRAWS = 1000
MIN_SIZES = 3
# An accuracy of 1 on few images does not mean that the error is 0.
HALF = 0.5
# The error falls with more images, and hardly faster than this.
MAX_EXPONENT = 2.0


@dataclass(frozen=True)
class Forecast:
    """Accuracy at one number of training images.

    Attributes:
        size: Training images of each class.
        accuracy: The forecast, 0 to 1.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    size: float
    accuracy: float
    low: float
    high: float


def forecast(
    sizes: Array, accuracies: Array, images: int, wanted: Array, draws: int = DRAWS
) -> list[Forecast]:
    """Forecast the accuracy at larger numbers of training images.

    The error is fitted as ``a * size ** -b`` by least squares of logarithms, with the same weight
    for each size. The interval is a bootstrap (Efron 1979, seed 0): each draw has new runs of each
    size and new validation images.

    Args:
        sizes: Shape (runs,): training images of each class.
        accuracies: Shape (runs,): validation accuracy of each run.
        images: Number of validation images.
        wanted: The numbers to forecast.
        draws: Number of draws.

    Returns:
        One forecast for each wanted number; none where there are fewer than three sizes.
    """
    groups = [accuracies[sizes == size] for size in np.unique(sizes)]
    known = np.log(np.unique(sizes))
    if len(groups) < MIN_SIZES:
        return []
    random = np.random.default_rng(0)
    errors = _errors(np.array([[group.mean() for group in groups]]), images)
    drawn = np.stack([_drawn(group, images, draws, random) for group in groups], axis=1)
    found = _carried_on(known, errors, np.log(wanted))[0]
    spread = _carried_on(known, _errors(drawn, images), np.log(wanted))
    ends = np.percentile(spread, [2.5, 97.5], axis=0)
    return [
        Forecast(float(size), float(1 - error), float(1 - high), float(1 - low))
        for size, error, low, high in zip(wanted, found, *ends, strict=True)
    ]


def _drawn(group: Array, images: int, draws: int, random: np.random.Generator) -> Array:
    """Mean accuracies of one size, shape (draws,), with other runs and validation images."""
    runs = group[random.integers(0, len(group), (draws, len(group)))].mean(axis=1)
    found: Array = random.binomial(images, np.clip(runs, 0, 1)) / images
    return found


def _errors(accuracies: Array, images: int) -> Array:
    found: Array = np.maximum(1 - accuracies, HALF / images)
    return found


def _carried_on(known: Array, errors: Array, wanted: Array) -> Array:
    """Errors at wanted logarithms of sizes, shape (draws, wanted), of errors (draws, known)."""
    x = known - known.mean()
    y = np.log(errors)
    slope = np.clip((y * x).sum(axis=1) / (x**2).sum(), -MAX_EXPONENT, 0)
    logs = y.mean(axis=1, keepdims=True) + slope[:, None] * (wanted - known.mean())
    found: Array = np.minimum(np.exp(logs), 1.0)
    return found
