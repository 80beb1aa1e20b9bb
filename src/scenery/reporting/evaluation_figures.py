"""What the chosen model does on the test partition, class by class."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenery.evaluation.calibration import COVERAGE, coverage_of, scale
from scenery.evaluation.statistics import calibration
from scenery.evaluation.trial_tables import class_probabilities
from scenery.reporting.labels import interval, plural, shorten_all
from scenery.reporting.many_classes import (
    MAX_NAMED,
    SHARES,
    draw_class_scores,
    draw_confusion,
)
from scenery.reporting.reading import Choice
from scenery.reporting.style import (
    BLUE,
    CHOSEN,
    GRAY,
    GREEN,
    LIGHT,
    new_figure,
    set_title,
    styled,
)


def measured(metrics: dict[str, Any]) -> str:
    """ "0.951 (0.934-0.964) on 807 test images"."""
    text = interval(metrics["accuracy"], metrics["low"], metrics["high"])
    return f"{text} on {plural(int(metrics['images']), 'test image')}"


@styled
def confusion_matrix(confusion: pd.DataFrame, metrics: dict[str, Any], title: str) -> Figure:
    """Counts of test images by true (rows) and predicted class; color: share of the row.

    The figure grows with the classes, up to forty. With more it shows the pairs confused most.
    """
    classes = len(confusion)
    if classes > MAX_NAMED:
        return draw_confusion(confusion, title, f"test accuracy {measured(metrics)}")
    side = max(6.5, min(4.5 + 0.62 * classes, 20))
    figure = new_figure(side + 1.5, side)
    axes = figure.subplots()
    counts = confusion.to_numpy(dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, vmin=0, vmax=1, cmap=SHARES)
    size = 15 if classes <= 12 else 12 if classes <= 24 else 10
    for (row, column), value in np.ndenumerate(counts):
        # Noughts would hide the errors among many classes.
        if value or classes <= 12:
            shade = colormaps[SHARES](shares[row, column])
            light = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2] > 0.5
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=size,
                      color=("black" if light else "white") if value else "#B0B0B0")  # fmt: skip
    names = shorten_all(confusion.index, 22)
    label_size = 13 if classes <= 12 else 12
    axes.set_xticks(range(classes), names, rotation=90 if classes > 12 else 40,
                    ha="center" if classes > 12 else "right", rotation_mode="default"
                    if classes > 12 else "anchor", fontsize=label_size)  # fmt: skip
    axes.set_yticks(range(classes), names, fontsize=label_size)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.grid(False)
    figure.colorbar(image, label="share of the true class's images", shrink=0.7)
    set_title(figure, title, f"test accuracy {measured(metrics)}")
    return figure


@styled
def class_scores(classes: pd.DataFrame, metrics: dict[str, Any], title: str) -> Figure:
    """Precision, recall (95 % Wilson interval) and F1 of each class, best F1 first.

    With more than forty classes it shows how the scores are spread, and the worst classes.
    """
    measures = "; ".join(
        f"{label} {interval(metrics[name], metrics[f'{name}_low'], metrics[f'{name}_high'])}"
        for name, label in (("balanced_accuracy", "balanced accuracy"), ("macro_f1", "macro F1"))
    )
    if len(classes) > MAX_NAMED:
        accuracy = f"test accuracy {measured(metrics)}"
        return draw_class_scores(classes, title, accuracy, measures)
    rows = classes.sort_values("f1", ascending=False, kind="stable").reset_index(drop=True)
    figure = new_figure(11, max(4.0, 2.2 + 0.36 * len(rows)))
    axes = figure.subplots()
    places = np.arange(len(rows))
    for place, (_, row) in enumerate(rows.iterrows()):
        if row["images"] > 0 and np.isfinite(row["recall"]):
            low, high = row["recall_low"], row["recall_high"]
            axes.plot([low, high], [place, place], color=LIGHT, linewidth=5, zorder=1,
                      solid_capstyle="butt")  # fmt: skip
    axes.plot([], [], color=LIGHT, linewidth=5, label="95 % interval of recall")
    axes.scatter(rows["precision"], places, marker="D", s=46, color=BLUE, label="precision")
    axes.scatter(rows["recall"], places, marker="s", s=46, color=GREEN, label="recall")
    axes.scatter(rows["f1"], places, marker="o", s=70, color=CHOSEN, label="F1", zorder=3)
    for place, (_, row) in enumerate(rows.iterrows()):
        axes.text(1.01, place, f"{row['f1']:.3f}", va="center", fontsize=11,
                  transform=axes.get_yaxis_transform())  # fmt: skip
    names = shorten_all(rows["class"], 30)
    labels = [f"{a} ({b:.0f})" for a, b in zip(names, rows["images"], strict=True)]
    axes.set_yticks(places, labels)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(f"on the test partition; in brackets: images; at the right: F1\n{measures}")
    figure.legend(loc="outside lower center", ncols=4)
    set_title(figure, title, f"test accuracy {measured(metrics)}")
    return figure


@styled
def reliability(predictions: pd.DataFrame, choice: Choice, title: str, bins: int = 10) -> Figure:
    """Is the model as often right as it is sure? Accuracy against confidence in equal bins.

    Points under the diagonal are overconfident; intervals are 95 % Wilson; below: how many
    images fall into each bin. The expected calibration error is stated, before and after the
    temperature that held-out images gave, and the coverage of prediction sets.
    """
    confidence = predictions["confidence"].to_numpy(dtype=float)
    correct = predictions["correct"].to_numpy(dtype=bool)
    table, error = calibration(confidence, correct, bins)
    lines = [f"expected calibration error {error:.3f}"]
    figure = new_figure(8.5, 8)
    axes, below = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    axes.plot([0, 1], [0, 1], color=GRAY, linestyle="--", linewidth=1.5,
              label="perfectly calibrated")  # fmt: skip
    reach = np.vstack([table["accuracy"] - table["low"], table["high"] - table["accuracy"]])
    axes.errorbar(table["confidence"], table["accuracy"], yerr=np.clip(reach, 0, None), fmt="o-",
                  color=BLUE, capsize=5, markersize=8, label="test images")  # fmt: skip
    temperature = choice.calibration["temperature"]
    threshold = choice.calibration["set_probability"]
    if temperature is not None and threshold is not None:
        scaled, labels = _scaled(predictions, temperature)
        after, error = calibration(scaled.max(axis=1), scaled.argmax(axis=1) == labels, bins)
        axes.plot(after["confidence"], after["accuracy"], "s:", color=CHOSEN, markersize=6,
                  label=f"with temperature {temperature:.2f}")  # fmt: skip
        share, size = coverage_of(scaled, labels, threshold)
        lines += [
            f"with temperature {error:.3f}",
            f"sets for {COVERAGE:.0%}: {share:.1%} right, {size:.2f} classes each",
        ]
    axes.set_ylabel("accuracy in the bin")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlim(-0.02, 1.02)
    # Above the axes: any place inside may have points.
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.01), ncols=3, borderaxespad=0)
    axes.text(0.98, 0.05, "\n".join(lines), ha="right", fontsize=13,
              transform=axes.transAxes)  # fmt: skip
    below.hist(confidence, bins=np.linspace(0, 1, bins + 1).tolist(), color=BLUE,
               edgecolor="white")  # fmt: skip
    below.set_ylabel("images")
    below.set_xlabel("confidence: probability of the predicted class")
    _mean_line(below, float(confidence.mean()))
    set_title(figure, title, f"confidence on {plural(len(predictions), 'test image')}")
    return figure


def _scaled(predictions: pd.DataFrame, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities with a temperature, shape (images, classes), and the true class of each."""
    _, probabilities, labels = class_probabilities(predictions)
    return scale(probabilities, temperature), labels


def _mean_line(axes: Axes, mean: float) -> None:
    axes.axvline(mean, color=CHOSEN, linestyle=":", linewidth=2)
    side = "right" if mean > 0.5 else "left"
    axes.text(mean, 0.9, f" mean {mean:.2f} ", ha=side, va="top", color=CHOSEN,
              transform=axes.get_xaxis_transform())  # fmt: skip
