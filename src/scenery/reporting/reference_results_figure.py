"""Published numbers and ours in one picture."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from scenery.reporting.labels import accuracy, is_missing, short_count, shorten, shorten_all
from scenery.reporting.reference_results import NOT_RUN, source_note
from scenery.reporting.style import BLACK, BLUE, GRAY, new_figure, set_title, styled

PUBLISHED = "published"
OURS = "ours: validation, 95 % Wilson interval"


@styled
def reference_results_figure(tables: Sequence[tuple[str, pd.DataFrame]], title: str) -> Figure:
    """One row per published number: its accuracy and ours, and both numbers of parameters.

    Args:
        tables: Titles of experiments, each with its table as of `side_by_side`; of several
            experiments each has its title above its rows.
        title: Of the figure.
    """
    rows = pd.concat([table for _, table in tables], ignore_index=True)
    places, heads = _places(tables)
    sized = bool(rows["reference_parameters"].notna().any())
    depth = max(places) + 1
    figure = new_figure(14 if sized else 12, max(3.8, 2.0 + 0.42 * depth))
    panels = figure.subplots(
        1, 2 if sized else 1, sharey=True, squeeze=False, width_ratios=[2, 1] if sized else None
    )[0]
    _accuracies(panels[0], rows, places)
    if sized:
        _parameters(panels[1], rows, places)
    panels[0].set_yticks(places, shorten_all(rows["name"], 44))
    panels[0].set_ylim(depth - 0.4, -0.7)
    for place, text in heads:
        panels[0].text(
            0, place, shorten(text, 60), transform=panels[0].get_yaxis_transform(), va="center",
            fontweight="bold", fontsize=12,
        )  # fmt: skip
    set_title(figure, title, source_note(rows))
    return figure


def _places(
    tables: Sequence[tuple[str, pd.DataFrame]],
) -> tuple[list[int], list[tuple[int, str]]]:
    """Where each number is drawn, from the top, and where each experiment's title stands."""
    if len(tables) == 1:
        return list(range(len(tables[0][1]))), []
    places: list[int] = []
    heads = []
    place = 0
    for text, table in tables:
        heads.append((place, text))
        places += range(place + 1, place + 1 + len(table))
        place += 1 + len(table)
    return places, heads


def _accuracies(axes: Axes, rows: pd.DataFrame, places: list[int]) -> None:
    ours = rows["validation_accuracy"].to_numpy(dtype=float)
    theirs = rows["reference_accuracy"].to_numpy(dtype=float)
    ends = [rows[end].to_numpy(dtype=float) for end in ("low", "high")]
    axes.hlines(places, ours, theirs, color=GRAY, linewidth=1.5, zorder=1)
    reach = np.clip([ours - ends[0], ends[1] - ours], 0, None)
    axes.errorbar(ours, places, xerr=reach, fmt="o", color=BLUE, capsize=4, markersize=9,
                  label=OURS, zorder=3)  # fmt: skip
    axes.scatter(theirs, places, marker="D", s=62, facecolor="white", edgecolor=BLACK,
                 linewidths=1.8, label=PUBLISHED, zorder=4)  # fmt: skip
    for place, own, other in zip(places, ours, theirs, strict=True):
        text = f"{accuracy(other)}  {NOT_RUN}"
        if not is_missing(own):
            text = f"{accuracy(other)}  {accuracy(own)}  {own - other:+.3f}"
        axes.text(1.01, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=11)
    axes.text(1.01, 1.0, "published, ours, difference", transform=axes.transAxes, va="bottom",
              fontsize=10)  # fmt: skip
    axes.set_xlabel("accuracy")
    axes.margins(x=0.08)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.2)


def _parameters(axes: Axes, rows: pd.DataFrame, places: list[int]) -> None:
    ours = rows["parameters"].to_numpy(dtype=float)
    theirs = rows["reference_parameters"].to_numpy(dtype=float)
    # Of numbers without a published size ours would stand alone and say nothing.
    ours = np.where(np.isnan(theirs), np.nan, ours)
    axes.hlines(places, ours, theirs, color=GRAY, linewidth=1.5, zorder=1)
    axes.scatter(ours, places, s=75, color=BLUE, zorder=3)
    axes.scatter(theirs, places, marker="D", s=62, facecolor="white", edgecolor=BLACK,
                 linewidths=1.8, zorder=4)  # fmt: skip
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("parameters of the network")
    axes.margins(x=0.15)


def draw_reference_results(reference_results: pd.DataFrame, title: str) -> Figure:
    """The figure of one experiment."""
    return reference_results_figure([(title, reference_results)], title)


def draw_all_reference_results(
    all_reference_results: Mapping[str, pd.DataFrame], titles: Mapping[str, str]
) -> Figure:
    """The figure of all experiments; both arguments are by experiment."""
    tables = [(titles[name], table) for name, table in all_reference_results.items()]
    return reference_results_figure(tables, "Published numbers and ours")
