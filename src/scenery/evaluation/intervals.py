"""The interval of an accuracy, for choosing and scoring as for figures."""

import math

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
