"""The interval of an accuracy, for choosing and scoring as for figures."""

from scipy import stats


def wilson(accuracy: float, images: int) -> tuple[float, float]:
    """95 % Wilson score interval of an accuracy (0 to 1) measured on so many images."""
    result = stats.binomtest(round(accuracy * images), images)
    interval = result.proportion_ci(confidence_level=0.95, method="wilson")
    return float(interval.low), float(interval.high)
