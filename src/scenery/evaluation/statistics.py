"""Intervals and comparisons that the figures and slides state."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from scenery.evaluation.intervals import wilson


def mean_interval(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean and its 95 % t interval; the bounds are NaN with fewer than two values."""
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return float("nan"), float("nan"), float("nan")
    mean = float(values.mean())
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    half = float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
    return mean, mean - half, mean + half


def paired_effect(
    trials: pd.DataFrame, varied: list[str], setting: str, before: object, after: object
) -> tuple[int, float, float, float]:
    """What changing one setting does to validation accuracy, all else being equal.

    Trials that agree in the other varied settings and in the repeat are paired. The pairs of one
    repeat share its seed and its sample of training images, so they are no independent evidence:
    the interval is that of the repeats' mean differences. Returns the number of pairs, the mean
    difference (after minus before) and its 95 % t interval, NaN with one repeat.
    """
    others = [name for name in varied if name != setting] + ["repeat"]
    keyed = trials.assign(**{name: trials[name].map(str) for name in others})
    values = trials[setting].map(repr)
    sides = [
        keyed[values == repr(value)].set_index(others)["validation_accuracy"]
        for value in (before, after)
    ]
    pairs = pd.concat([side[~side.index.duplicated()] for side in sides], axis=1, join="inner")
    differences = (pairs.iloc[:, 1] - pairs.iloc[:, 0]).dropna().astype(float)
    means = differences.groupby(level="repeat").mean()
    _, low, high = mean_interval(np.asarray(means, dtype=np.float64))
    return len(differences), float(differences.mean()), low, high


def repeat_means(trials: pd.DataFrame) -> NDArray[np.float64]:
    """Mean validation accuracy of the trials of each repeat, which share a sample."""
    means = trials.groupby("repeat")["validation_accuracy"].mean()
    return means.to_numpy(dtype=float)


def best_of(values: NDArray[np.float64], quantiles: tuple[float, ...]) -> NDArray[np.float64]:
    """Best result of n trials drawn from those run, for n = 1 .. N, as quantiles.

    The random search efficiency curve of Bergstra and Bengio (2012, section 2.3), without
    sampling: of N trials, n can be drawn in C(N, n) ways, of which C(k, n) have their best among
    the k lowest. NaN (a failed trial) ranks below every number and stays NaN where it is the
    best. Returns an array of shape (N, number of quantiles).
    """
    ranked = np.sort(np.where(np.isnan(values), -np.inf, values))
    total = len(ranked)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, total + 1)))])
    curve = np.full((total, len(quantiles)), np.nan)
    for drawn in range(1, total + 1):
        lowest = np.arange(drawn, total + 1)
        p_values = np.exp(logs[lowest] - logs[lowest - drawn] - logs[total] + logs[total - drawn])
        for column, quantile in enumerate(quantiles):
            position = int(np.searchsorted(p_values, quantile - 1e-12))
            curve[drawn - 1, column] = ranked[lowest[min(position, len(lowest) - 1)] - 1]
    return np.where(np.isfinite(curve), curve, np.nan)


def pareto_front(costs: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points no other point beats: none as cheap is better, none as good is cheaper.

    Only the first of equal points counts. Points with a NaN are never on the front.
    """
    front = np.zeros(len(costs), dtype=bool)
    best = -np.inf
    for index in np.lexsort((np.arange(len(costs)), -values, costs)):
        if np.isfinite(costs[index]) and np.isfinite(values[index]) and values[index] > best:
            front[index] = True
            best = values[index]
    return front


def mcnemar(first: pd.DataFrame, second: pd.DataFrame) -> tuple[int, int, float] | None:
    """Exact McNemar test of two models on the same images (McNemar 1947; binomial form).

    The tables hold `file` and `correct`. Returns the number of images that only the first and
    only the second got right and the two-sided p value; None where the images differ.
    """
    right = first.set_index("file")["correct"]
    other = second.set_index("file")["correct"]
    if set(right.index) != set(other.index) or right.index.has_duplicates:
        return None
    other = other.reindex(right.index)
    only_first = int((right & ~other).sum())
    only_second = int((~right & other).sum())
    if only_first + only_second == 0:
        return 0, 0, 1.0
    p_value = stats.binomtest(only_first, only_first + only_second, 0.5).pvalue
    return only_first, only_second, float(p_value)


def calibration(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = 10
) -> tuple[pd.DataFrame, float]:
    """Accuracy against confidence in bins of equal width, and the expected calibration error.

    After Guo et al. (2017): the mean over images of |accuracy - confidence| of their bin. Columns:
    confidence, accuracy, images, low, high (95 % Wilson); empty bins are left out.
    """
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    rows = []
    for index in range(bins):
        inside = place == index
        if inside.any():
            share = float(correct[inside].mean())
            low, high = wilson(share, int(inside.sum()))
            rows.append((float(confidence[inside].mean()), share, int(inside.sum()), low, high))
    table = pd.DataFrame(rows, columns=["confidence", "accuracy", "images", "low", "high"])
    gaps = (table["accuracy"] - table["confidence"]).abs()
    return table, float((gaps * table["images"]).sum() / max(len(confidence), 1))
