"""ROC and precision-recall curves of a final model on the test partition."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import rankdata
from sklearn.metrics import precision_recall_curve
from sklearn.metrics import roc_curve as roc_points

from scenery.evaluation.statistics import bootstrap
from scenery.reporting.labels import interval, plural, shorten_all
from scenery.reporting.style import BLUE, CHOSEN, COLORS, GRAY, new_figure, set_title, styled

NAMED = 10
DRAWS = 200
GRID = np.linspace(0, 1, 201)
LINES = ("-", "--", ":")


@styled
def roc_pr_curves(predictions: pd.DataFrame, title: str) -> Figure:
    """Each class against all others: ROC and precision-recall curves, and their mean.

    The areas' means over classes have 95 % bootstrap intervals over the test images. Of more than
    ten classes only the mean is named, the others are faint. A class without test images has no
    curve.
    """
    columns = [name for name in predictions if str(name).startswith("probability:")]
    names = [str(name).removeprefix("probability:") for name in columns]
    truth = np.stack([(predictions["class"] == name).to_numpy() for name in names], axis=1)
    scores = predictions[columns].to_numpy(dtype=float)
    present = np.asarray(truth.any(axis=0) & ~truth.all(axis=0))
    names = [name for name, there in zip(names, present, strict=True) if there]
    truth, scores = truth[:, present], scores[:, present]
    figure = new_figure(14, 6.6)
    left, right = figure.subplots(1, 2)
    set_title(
        figure,
        title,
        f"each class against the others, {plural(len(predictions), 'test image')}",
    )
    _diagonal(left)
    _curves(left, names, truth, scores, _roc, roc_area)
    left.set_xlabel("false positive rate")
    left.set_ylabel("true positive rate (recall)")
    left.set_title("ROC", loc="left")
    _curves(right, names, truth, scores, _precision_recall, average_precision)
    right.set_xlabel("recall")
    right.set_ylabel("precision")
    right.set_title("precision and recall", loc="left")
    for axes in (left, right):
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.03)
    left.legend(loc="lower right", fontsize=10)
    right.legend(loc="lower left", fontsize=10)
    return figure


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=GRAY, linestyle="--", linewidth=1.2)


def _roc(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rate, found, _ = roc_points(truth, scores)
    return rate, found


def _precision_recall(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    precision, recall, _ = precision_recall_curve(truth, scores)
    # From recall 0 upwards, as the mean over classes needs it.
    return recall[::-1], precision[::-1]


def _curves(
    axes: Axes,
    names: list[str],
    truth: np.ndarray,
    scores: np.ndarray,
    curve: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    area: Callable[[np.ndarray, np.ndarray], float],
) -> None:
    labels = shorten_all(names, 24)
    heights = []
    for place, name in enumerate(labels):
        across, up = curve(truth[:, place], scores[:, place])
        heights.append(np.interp(GRID, across, up))
        look = {"color": GRAY, "linewidth": 0.8, "alpha": 0.5}
        label = None
        if len(names) <= NAMED:
            look = {
                "color": COLORS[place % len(COLORS)],
                "linewidth": 1.4,
                "linestyle": LINES[place // len(COLORS) % len(LINES)],
            }
            label = f"{name} {area(truth[:, place], scores[:, place]):.3f}"
        axes.plot(across, up, label=label, **look)  # type: ignore[arg-type]
    if not heights:
        return
    mean = _mean_area(truth, scores, area)
    low, high = bootstrap(
        lambda rows: _mean_area(truth[rows], scores[rows], area), len(truth), DRAWS
    )
    label = f"mean of {plural(len(names), 'class')} {interval(mean, low, high)}"
    color = CHOSEN if len(names) <= NAMED else BLUE
    axes.plot(GRID, np.mean(heights, axis=0), color=color, linewidth=3, label=label)


def roc_area(truth: np.ndarray, scores: np.ndarray) -> float:
    """Share of the pairs of an image of the class and another image that have the right order.

    The interval needs thousands of areas of few images. scikit-learn's function checks its
    arguments each time, which takes longer than all the rest of the figure.
    """
    inside = np.count_nonzero(truth)
    lowest = inside * (inside + 1) / 2
    return float((rankdata(scores)[truth].sum() - lowest) / (inside * (len(truth) - inside)))


def average_precision(truth: np.ndarray, scores: np.ndarray) -> float:
    """Mean of the precision at each threshold, weighted by what it adds to the recall."""
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    # One threshold for all images of the same score.
    thresholds = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    found = np.cumsum(truth[order])[thresholds]
    return float(np.sum(np.diff(found, prepend=0) * found / (thresholds + 1)) / found[-1])


def _mean_area(
    truth: np.ndarray, scores: np.ndarray, area: Callable[[np.ndarray, np.ndarray], float]
) -> float:
    """Mean over the classes that a draw of images has."""
    there = np.flatnonzero(truth.any(axis=0) & ~truth.all(axis=0))
    if not len(there):
        return float("nan")
    return float(np.mean([area(truth[:, place], scores[:, place]) for place in there]))
