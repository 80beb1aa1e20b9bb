"""ROC and precision-recall curves of a final model on the test partition."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenery.evaluation.threshold_areas import Areas, bootstrap_areas
from scenery.evaluation.trial_tables import class_probabilities
from scenery.reporting.labels import interval, plural, shorten_all
from scenery.reporting.style import (
    BLUE,
    CHOSEN,
    COLORS,
    GRAY,
    LIGHT,
    new_figure,
    set_title,
    styled,
)

NAMED = 10
# With more classes the range of most curves is drawn, and the worst ones by name.
MAX_LINES = 40
WORST = 5
GRID = np.linspace(0, 1, 201)
LINES = ("-", "--", ":")


@styled
def roc_pr_curves(predictions: pd.DataFrame, title: str) -> Figure:
    """Each class against all others: ROC and precision-recall curves, and their mean.

    The areas' means over classes have 95 % bootstrap intervals over the test images. With more than
    ten classes only the mean is named, the others are faint; of more than forty the range of the
    middle 80 % of them is drawn, and the five of the smallest areas. A class without test images
    has no curve.
    """
    names, scores, label = class_probabilities(predictions)
    truth = label[:, None] == np.arange(len(names))
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
    roc, precision = bootstrap_areas(truth, scores)
    points = [_at_thresholds(truth[:, place], scores[:, place]) for place in range(len(names))]
    _curves(left, names, [_roc(*one) for one in points], roc)
    left.set_xlabel("false positive rate")
    left.set_ylabel("true positive rate (recall)")
    left.set_title("ROC", loc="left")
    _curves(right, names, [_precision_recall(*one) for one in points], precision)
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


def _roc(hits: np.ndarray, taken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates at all thresholds, from (0, 0) to (1, 1)."""
    wrong = taken - hits
    return np.append(0.0, wrong / wrong[-1]), np.append(0.0, hits / hits[-1])


def _precision_recall(hits: np.ndarray, taken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision at all thresholds, from recall 0 upwards."""
    return np.append(0.0, hits / hits[-1]), np.append(1.0, hits / taken)


def _at_thresholds(truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images of the class, and all images, at or above each score, the highest score first.

    scikit-learn's `roc_curve` and `precision_recall_curve` give the same points. Their checks of
    the arrays take ten times as long, which matters for 1,000 classes.
    """
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))
    return np.cumsum(truth[order])[last], last + 1


def _curves(
    axes: Axes,
    names: list[str],
    lines: list[tuple[np.ndarray, np.ndarray]],
    areas: Areas,
) -> None:
    if not names:
        return
    labels = shorten_all(names, 24)
    heights = np.array([np.interp(GRID, *line) for line in lines])
    if len(names) > MAX_LINES:
        low, high = np.percentile(heights, [10, 90], axis=0)
        axes.fill_between(GRID, low, high, color=LIGHT, label="middle 80 % of the classes")
    for rank, place in enumerate(_drawn(areas)):
        look = {"color": GRAY, "linewidth": 0.8, "alpha": 0.5}
        label = None
        if len(names) <= NAMED or len(names) > MAX_LINES:
            look = {
                "color": COLORS[rank % len(COLORS)],
                "linewidth": 1.4,
                "linestyle": LINES[rank // len(COLORS) % len(LINES)],
            }
            label = f"{labels[place]} {areas.values[place]:.3f}"
        axes.plot(*lines[place], label=label, **look)  # type: ignore[arg-type]
    label = f"mean of {plural(len(names), 'class')} {interval(areas.mean, areas.low, areas.high)}"
    color = CHOSEN if len(names) <= NAMED or len(names) > MAX_LINES else BLUE
    axes.plot(GRID, np.mean(heights, axis=0), color=color, linewidth=3, label=label)


def _drawn(areas: Areas) -> list[int]:
    """The classes that have a line: all of them, or those of the smallest areas."""
    if len(areas.values) <= MAX_LINES:
        return list(range(len(areas.values)))
    return [int(place) for place in np.argsort(areas.values, kind="stable")[:WORST]]
