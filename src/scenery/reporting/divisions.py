"""What experiments choose in other divisions of the images, as a figure and as a page."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenery.evaluation.divisions import MIN_DIVISIONS, DivisionSummary, summarize_divisions
from scenery.reporting.labels import interval, plural, shorten
from scenery.reporting.style import BLUE, CHOSEN, GRAY, LIGHT, SKY, new_figure, set_title, styled
from scenery.reporting.tables import HtmlTable, page

# Settings that have a part of a bar of their own.
MAX_PARTS = 6
TITLE = "Would another split say the same?"


@styled
def divisions_figure(divisions: pd.DataFrame, titles: Mapping[str, str]) -> Figure:
    """Test accuracy in each division, and how often each setting is chosen.

    Args:
        divisions: divisions.csv.
        titles: The titles of the experiments.
    """
    summaries = [one for one in summarize_divisions(divisions) if not one.left_out]
    left_out = [one for one in summarize_divisions(divisions) if one.left_out]
    height = max(4.2, 2.6 + 0.8 * len(summaries))
    figure = new_figure(14, height)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    for place, one in enumerate(summaries):
        rows = divisions[divisions["experiment"] == one.experiment]
        _accuracies(left, place, rows, one)
        _shares(right, place, one)
    names = [shorten(titles.get(one.experiment, one.experiment), 34) for one in summaries]
    left.set_yticks(range(len(summaries)), names)
    left.set_ylim(max(len(summaries), 1) - 0.4, -0.6)
    left.set_xlabel("test accuracy of what each division chooses")
    right.set_xlabel("share of the divisions that choose a setting")
    right.set_xlim(0, 1)
    right.grid(visible=False)
    if not summaries:
        left.text(
            0.5, 0.5, "no experiment was divided again", transform=left.transAxes, ha="center"
        )
    set_title(figure, TITLE, _subtitle(summaries, left_out))
    return figure


def _subtitle(summaries: Sequence[DivisionSummary], left_out: Sequence[DivisionSummary]) -> str:
    most = max((one.divisions for one in summaries), default=0)
    text = f"{plural(most, 'division')} into training and test images"
    if any(one.given_test for one in summaries):
        text += "; the first one is given by the data set"
    if left_out:
        text += f"; left out: {', '.join(one.experiment for one in left_out)}"
    return text


def _accuracies(axes: Axes, place: int, rows: pd.DataFrame, one: DivisionSummary) -> None:
    """A dot for each division, the mean with its interval, and a ring for the study's division."""
    tested = rows[rows["test_accuracy"].notna()]
    values = tested["test_accuracy"].to_numpy(dtype=float)
    # Dots of equal height would hide each other.
    heights = place + 0.16 * np.sin(np.arange(len(values)) * 2.4)
    same = tested["as_study"].astype(bool).to_numpy()
    axes.scatter(values[same], heights[same], s=30, color=BLUE, alpha=0.7, zorder=2)
    axes.scatter(values[~same], heights[~same], s=30, color=GRAY, marker="D", alpha=0.7, zorder=2)
    own = tested["division"].to_numpy(dtype=float) == 0
    axes.scatter(values[own], heights[own], s=110, facecolor="none", edgecolor=CHOSEN,
                 linewidths=1.8, zorder=3)  # fmt: skip
    if one.divisions < MIN_DIVISIONS:
        return
    reach = np.clip([[one.accuracy - one.low], [one.high - one.accuracy]], 0, None)
    axes.errorbar([one.accuracy], [place + 0.3], xerr=reach, fmt="s", color=CHOSEN, capsize=4,
                  markersize=7, zorder=4)  # fmt: skip
    axes.text(1.0, place - 0.34, interval(one.accuracy, one.low, one.high), ha="right",
              va="center", fontsize=11, transform=axes.get_yaxis_transform())  # fmt: skip


def _shares(axes: Axes, place: int, one: DivisionSummary) -> None:
    """A bar whose parts are the chosen settings, the most frequent one first."""
    start = 0.0
    shown = one.chosen[:MAX_PARTS]
    for number, (_, _, times) in enumerate(shown):
        width = times / max(one.divisions, 1)
        axes.barh(place, width, left=start, height=0.42, edgecolor="white",
                  color=(BLUE, SKY, LIGHT)[min(number, 2)])  # fmt: skip
        start += width
    if start < 1 and one.divisions:
        axes.barh(place, 1 - start, left=start, height=0.42, color=LIGHT, edgecolor="white")
    if one.chosen:
        _, name, times = one.chosen[0]
        text = f"{times} of {one.divisions}: {shorten(name or 'its only setting', 44)}"
        axes.text(0.0, place - 0.34, text, va="center", fontsize=11)


def divisions_page(divisions: pd.DataFrame, titles: Mapping[str, str]) -> str:
    """All chosen settings and all divisions as an HTML page. Arguments as of the figure."""
    summaries = summarize_divisions(divisions)
    overview = pd.DataFrame(
        [
            {
                "experiment": titles.get(one.experiment, one.experiment),
                "divisions": one.divisions,
                "as in the study": one.as_study,
                "test accuracy": interval(one.accuracy, one.low, one.high)
                if one.divisions >= MIN_DIVISIONS
                else "",
                "left out": one.left_out,
            }
            for one in summaries
        ]
    )
    chosen = pd.DataFrame(
        [
            {
                "experiment": titles.get(one.experiment, one.experiment),
                "setting": name,
                "divisions": times,
            }
            for one in summaries
            for _, name, times in one.chosen
        ],
        columns=["experiment", "setting", "divisions"],
    )
    columns = ["experiment", "division", "name", "as_study", "validation_accuracy",
               "test_accuracy", "training_images", "test_images", "reason"]  # fmt: skip
    every = divisions[divisions["division"].notna()][columns]
    return page(
        TITLE,
        [
            HtmlTable(
                "Experiments",
                overview,
                "Each division chooses again and is tested on its own test images. The interval is "
                "over divisions and images." + _given(summaries),
            ),
            HtmlTable("Chosen settings", chosen, "In how many divisions each setting is chosen."),
            HtmlTable("Divisions", every, "Division 0 is that of the study."),
        ],
    )


def _given(summaries: Sequence[DivisionSummary]) -> str:
    if not any(one.given_test for one in summaries):
        return ""
    return (
        " The data set gives the test images of division 0. In other divisions they are training "
        "images, too."
    )
