"""Scores of more classes than a matrix can name: what is confused most, and the worst classes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenery.evaluation.confusion import confused_pairs
from scenery.reporting.labels import shorten
from scenery.reporting.style import BLUE, CHOSEN, GRAY, new_figure, set_title
from scenery.reporting.tables import HtmlTable, page

# With more classes a matrix of names and numbers cannot be read.
MAX_NAMED = 40
SHOWN = 20
# From white: errors stand out on it, and it prints well.
SHARES = "Blues"


def draw_confusion(confusion: pd.DataFrame, title: str, subtitle: str) -> Figure:
    """The matrix without names, and the pairs that are confused most; one page for any number."""
    figure = new_figure(16, 8.6)
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    counts = confusion.to_numpy(dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # Most shares are small; a linear scale would leave the matrix white.
    image = left.imshow(np.sqrt(shares), vmin=0, vmax=1, cmap=SHARES, interpolation="nearest")
    bar = figure.colorbar(image, label="share of the true class's images", shrink=0.7)
    bar.set_ticks(np.sqrt([0, 0.05, 0.25, 0.5, 1]).tolist(), labels=["0", "5 %", "25 %", "50 %",
                  "100 %"])  # fmt: skip
    left.grid(False)
    left.set_xlabel("predicted class, by its number")
    left.set_ylabel("true class, by its number")
    left.set_title(f"all {len(confusion)} classes", loc="left")
    pairs = confused_pairs(confusion)
    shown = pairs.head(SHOWN)
    _bars(
        right,
        [
            f"{shorten(row['class'], 22)} → {shorten(row['predicted'], 22)}"
            for _, row in shown.iterrows()
        ],
        shown["images"].tolist(),
        [f"{row['images']:.0f} ({row['share']:.0%})" for _, row in shown.iterrows()],
    )
    right.set_xlabel("test images, and their share of the true class")
    right.set_title(f"the {len(shown)} most confused of {len(pairs):,} pairs", loc="left")
    set_title(figure, title, subtitle)
    return figure


def draw_class_scores(classes: pd.DataFrame, title: str, subtitle: str, measures: str) -> Figure:
    """How the scores of the classes are spread, and the worst of them."""
    rows = classes.sort_values(["f1", "recall"], kind="stable", ignore_index=True)
    figure = new_figure(16, 8.6)
    left, right = figure.subplots(1, 2)
    bins = np.linspace(0, 1, 21)
    for column, color, width in (
        ("recall", BLUE, 3.0),
        ("precision", GRAY, 2.0),
        ("f1", CHOSEN, 3),
    ):
        left.hist(rows[column], bins=bins.tolist(), histtype="step", color=color, linewidth=width,
                  label="F1" if column == "f1" else column)  # fmt: skip
    left.set_xlim(0, 1)
    left.set_xlabel(f"score on the test partition\n{measures}")
    left.set_ylabel("classes")
    left.legend(loc="upper left")
    missed = int((rows["recall"] == 0).sum())
    left.set_title(f"{len(rows)} classes, {missed} of recall 0", loc="left")
    shown = rows.head(SHOWN)
    _bars(
        right,
        [f"{shorten(row['class'], 30)} ({row['images']:.0f})" for _, row in shown.iterrows()],
        shown["f1"].tolist(),
        [f"{row['f1']:.3f}, recall {row['recall']:.2f}" for _, row in shown.iterrows()],
    )
    right.set_xlim(0, 1)
    right.set_xlabel("F1; in brackets: images")
    right.set_title(f"the {len(shown)} worst classes", loc="left")
    set_title(figure, title, subtitle)
    return figure


def _bars(axes: Axes, names: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> None:
    """Horizontal bars, the first at the top, each with a text at the right."""
    places = range(len(names))
    axes.barh(places, values, color=BLUE, height=0.7)
    for place, text in zip(places, texts, strict=True):
        axes.text(1.01, place, text, va="center", fontsize=10,
                  transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set_yticks(places, names, fontsize=10)
    axes.set_ylim(max(len(names), 1) - 0.4, -0.6)


def class_page(classes: pd.DataFrame, confusion: pd.DataFrame, title: str) -> str:
    """Every class with its scores and what it is taken for most often, as an HTML page."""
    pairs = confused_pairs(confusion)
    first = pairs.drop_duplicates("class").set_index("class")
    frame = classes.sort_values("f1", kind="stable", ignore_index=True)
    taken = frame["class"].map(first["predicted"]).fillna("")
    number = frame["class"].map(first["images"])
    frame = frame[
        ["class", "images", "precision", "recall", "recall_low", "recall_high", "f1"]
    ].assign(**{"most often taken for": taken, "such images": number})
    return page(
        title,
        [
            HtmlTable(
                "Classes",
                frame,
                "On test images, worst F1 first.",
                intervals=(("recall", "recall_low", "recall_high"),),
            ),
            HtmlTable(
                "Confused pairs", pairs.head(1000), "Most images first; at most 1,000 pairs."
            ),
        ],
    )
