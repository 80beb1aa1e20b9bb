"""The interval of an accuracy, for choosing and scoring as for figures."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats


def wilson(accuracy: float, images: int) -> tuple[float, float]:
    """95 % Wilson score interval of an accuracy (0 to 1) measured on so many images."""
    result = stats.binomtest(round(accuracy * images), images)
    interval = result.proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)


def wilson_of(share: float, images: float, quantile: float) -> tuple[float, float]:
    """Wilson's score interval (1927) for any number of images and any quantile."""
    weight = quantile**2 / images
    middle = (share + weight / 2) / (1 + weight)
    half = quantile / (1 + weight) * math.sqrt(share * (1 - share) / images + weight / (4 * images))
    return max(float(middle - half), 0.0), min(float(middle + half), 1.0)


def repeats_interval(accuracies: Sequence[float], images: int) -> tuple[float, float]:
    """95 % interval of a setting's mean validation accuracy, the same in all figures.

    With one repeat it is Wilson's. With more, the variance of the mean over repeats is added to
    that over images, with degrees of freedom after Satterthwaite (1946).

    Args:
        accuracies: Of the repeats, 0 to 1, on the same images; at least one.
        images: Number of these images.
    """
    share, repeats = float(np.mean(accuracies)), len(accuracies)
    if repeats == 1 or share in (0.0, 1.0):
        return wilson(share, images)
    over_images = share * (1 - share) / images
    over_repeats = float(np.var(accuracies, ddof=1)) / repeats
    variance = over_images + over_repeats
    freedom = variance**2 / (over_images**2 / (images - 1) + over_repeats**2 / (repeats - 1))
    return wilson_of(share, share * (1 - share) / variance, float(stats.t.ppf(0.975, freedom)))
