"""Comparisons of models on the same images, and intervals that count what is not independent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from scenery.evaluation.intervals import wilson, wilson_of

LEVEL = 0.05
Array = NDArray[np.float64]


@dataclass(frozen=True)
class MeanEstimate:
    """A mean with its standard error and the degrees of freedom of that error."""

    mean: float
    error: float
    freedom: float


@dataclass(frozen=True)
class Difference:
    """How two settings differ on the same images.

    Attributes:
        difference: Accuracy of the second minus accuracy of the first.
        p_value: Two-sided, not adjusted.
        smallest: The smallest difference that would have been significant.
    """

    difference: float
    p_value: float
    smallest: float


def holm(p_values: Sequence[float]) -> list[float]:
    """P values of several tests, adjusted by Holm's method (1979)."""
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def mcnemar_test(only_first: int, only_second: int, images: int) -> Difference:
    """Exact McNemar test (McNemar 1947; binomial form).

    Args:
        only_first: Images that only the first model classified correctly.
        only_second: Images that only the second one did.
        images: All images.
    """
    differing = only_first + only_second
    p_value = 1.0
    if differing:
        p_value = float(stats.binomtest(only_first, differing, 0.5).pvalue)
    return Difference(
        (only_second - only_first) / images, p_value, _smallest_by_mcnemar(differing, images)
    )


def _smallest_by_mcnemar(differing: int, images: int) -> float:
    """The smallest significant difference among so many images with different answers.

    Where they are too few for any, the smallest difference is that of the fewest that suffice.
    """
    counts = np.arange(differing // 2 + differing % 2, differing + 1)
    # Twice the upper tail, which is the two-sided p value of a symmetric distribution.
    p_values = 2 * stats.binom.sf(counts - 1, differing, 0.5)
    enough = counts[p_values < LEVEL]
    if len(enough):
        return float(2 * enough[0] - differing) / images
    fewest = int(np.floor(1 - np.log2(LEVEL))) + 1
    return fewest / images


def compare_models(
    first: Array, second: Array, groups: NDArray[np.intp] | None = None
) -> Difference:
    """Compare two settings on the same images.

    One model of each, on independent images: McNemar's exact test. Several models of each, which
    share a seed and a draw of images by their position: a t test with the variance between the
    models and between the images, see `crossed_mean`.

    Args:
        first: Shape (models, images); 1 where a model is right, 0 where it is wrong, or a mean.
        second: The same of the other setting; the same shape.
        groups: Shape (images,): number of the group of each image; None: all are independent.
    """
    counts = np.isin([first, second], (0.0, 1.0)).all()
    if len(first) == 1 and counts and _independent(groups):
        right, other = first[0] > 0.5, second[0] > 0.5
        return mcnemar_test(int((right & ~other).sum()), int((~right & other).sum()), len(right))
    return _t_test(crossed_mean(second - first, groups))


def _independent(groups: NDArray[np.intp] | None) -> bool:
    return groups is None or len(np.unique(groups)) == len(groups)


def _t_test(estimate: MeanEstimate) -> Difference:
    smallest = float(stats.t.ppf(1 - LEVEL / 2, estimate.freedom) * estimate.error)
    if estimate.error == 0:
        return Difference(estimate.mean, 1.0 if estimate.mean == 0 else 0.0, 0.0)
    p_value = 2 * float(stats.t.sf(abs(estimate.mean) / estimate.error, estimate.freedom))
    return Difference(estimate.mean, p_value, smallest)


def corrected_resampled_test(differences: Array, held_out: float) -> Difference:
    """Corrected resampled t test (Nadeau and Bengio 2003).

    The training sets of folds and repeats overlap, so their differences are not independent. The
    variance of their mean is therefore (1/J + held out / trained on) times their variance.

    Args:
        differences: Shape (J,): second minus first accuracy of each fold of each repeat; J > 1.
        held_out: Held-out images divided by training images: 1 / (folds - 1).
    """
    return _t_test(corrected_resampled_mean(differences, held_out))


def corrected_resampled_mean(values: Array, held_out: float) -> MeanEstimate:
    """The mean of a measure over divisions of the same images; arguments as above."""
    count = len(values)
    error = float(np.sqrt((1 / count + held_out) * values.var(ddof=1)))
    return MeanEstimate(float(values.mean()), error, count - 1)


def divisions_interval(accuracies: Array, held_out: float, images: int) -> tuple[float, float]:
    """95 % interval of the test accuracy over divisions of the same images.

    It is for the accuracy on new images of models of training sets as large as these. Wilson's
    interval (1927) with the number of images that independent images would need for the corrected
    variance (see `corrected_resampled_test`), at most all images, and Student's t in place of the
    normal quantile.

    Args:
        accuracies: Shape (divisions,), at least two, 0 to 1.
        held_out: Test images divided by training images.
        images: Number of all independent images.
    """
    estimate = corrected_resampled_mean(accuracies, held_out)
    share = estimate.mean
    if estimate.error == 0 or share in (0.0, 1.0):
        return wilson_of(share, images, float(stats.norm.ppf(0.975)))
    effective = min(share * (1 - share) / estimate.error**2, float(images))
    return wilson_of(share, effective, float(stats.t.ppf(0.975, estimate.freedom)))


def crossed_mean(values: Array, groups: NDArray[np.intp] | None = None) -> MeanEstimate:
    """The mean over models and images, both of which are samples.

    A two-way analysis of variance without replication: the variance of the mean is that between
    models, that between images and the rest, by the method of moments. Degrees of freedom after
    Satterthwaite (1946). Images of one group count as one (Cochran 1977, ratio estimate).

    Args:
        values: Shape (models, images).
        groups: As of `compare_models`.
    """
    cells = _by_group(values, groups)
    models, images = cells.shape
    mean = float(cells.mean())
    if models == 1:
        return MeanEstimate(mean, float(stats.sem(cells[0])), images - 1)
    rows, columns = cells.mean(axis=1), cells.mean(axis=0)
    rest = cells - rows[:, None] - columns + mean
    freedom = np.array([models - 1, images - 1, (models - 1) * (images - 1)], dtype=float)
    squares = models * images * np.array([rows.var(), columns.var(), rest.var()]) / freedom
    # A component of variance below 0 is 0.
    parts = np.array([max(squares[0], squares[2]), max(squares[1], squares[2]), -squares[2]])
    parts /= models * images
    variance = float(parts.sum())
    if variance <= 0:
        return MeanEstimate(mean, 0.0, freedom[0])
    return MeanEstimate(mean, variance**0.5, float(variance**2 / (parts**2 / freedom).sum()))


def _by_group(values: Array, groups: NDArray[np.intp] | None) -> Array:
    """One column for each group, with the same mean over all."""
    if groups is None or _independent(groups):
        return values.astype(float)
    _, place = np.unique(groups, return_inverse=True)
    indicator = np.zeros((values.shape[1], place.max() + 1))
    indicator[np.arange(len(place)), place] = 1
    mean = values.mean()
    deviations = (values - mean) @ indicator
    return np.asarray(mean + deviations * indicator.shape[1] / values.shape[1])


def accuracy_interval(
    correct: Array, groups: NDArray[np.intp] | None = None
) -> tuple[float, float]:
    """95 % interval of the mean accuracy of some models on the same images.

    One model and independent images: Wilson's interval. Otherwise Wilson's interval with the number
    of images that a single model on independent images would need for the same variance, and
    Student's t in place of the normal quantile.

    Args:
        correct: As of `compare_models`.
        groups: As of `compare_models`.
    """
    models, images = correct.shape
    share = float(correct.mean())
    if models == 1 and _independent(groups):
        return wilson(share, images)
    estimate = crossed_mean(correct, groups)
    independent = images if groups is None else len(np.unique(groups))
    if estimate.error == 0 or share in (0.0, 1.0):
        return wilson_of(share, independent, float(stats.norm.ppf(0.975)))
    effective = min(share * (1 - share) / estimate.error**2, models * independent)
    return wilson_of(share, effective, float(stats.t.ppf(0.975, estimate.freedom)))
