"""An experiment as a picture: validation accuracy for everything that it varied."""

from numbers import Real

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from scenery.evaluation.columns import column_label
from scenery.evaluation.intervals import repeats_interval
from scenery.evaluation.result_tables import completed
from scenery.reporting.labels import (
    accuracy,
    interval,
    is_missing,
    ordered,
    plural,
    setting_value,
    shorten_all,
)
from scenery.reporting.main_effects import main_effects
from scenery.reporting.ranking import rank_settings, tried, varied_columns
from scenery.reporting.reading import Choice
from scenery.reporting.search_figure import random_search
from scenery.reporting.style import BLUE, CHOSEN, GRAY, new_figure, set_title, styled

SHOWN = 20


def settings_figure(trials: pd.DataFrame, choice: Choice, title: str) -> Figure:
    """The picture that suits the experiment.

    Random search: hyper-parameters against accuracy; grids of one, two and more settings: dot
    plot, heat map and main effects; a list: dot plot; a single setting: bars.
    """
    varied = varied_columns(trials, choice)
    if trials["setting"].nunique() == 1:
        return single_result(trials, choice, title)
    if choice.arrangement == "sample" and varied:
        return random_search(trials, choice, title)
    if choice.arrangement == "grid" and len(varied) == 2:
        return heat_map(trials, choice, title)
    if choice.arrangement == "grid" and len(varied) > 2:
        return main_effects(trials, choice, title)
    return dot_plot(trials, choice, title)


@styled
def single_result(trials: pd.DataFrame, choice: Choice, title: str) -> Figure:
    """Train and validation accuracy of the only setting as bars from 0 with their values."""
    figure = new_figure(10, 4)
    axes = figure.subplots()
    rows = trials[completed(trials)]
    low, high = repeats_interval(rows["validation_accuracy"].tolist(), choice.validation_images)
    bars = [("validation", choice.validation_accuracy, CHOSEN)]
    if "train_accuracy" in rows and rows["train_accuracy"].notna().any():
        bars.insert(0, ("train", float(rows["train_accuracy"].mean()), GRAY))
    for place, (name, value, color) in enumerate(bars):
        axes.barh(place, value, color=color, height=0.6)
        text = interval(value, low, high) if name == "validation" else accuracy(value)
        axes.text(1.04, place, text, va="center", ha="left", fontsize=15, clip_on=False)
    axes.errorbar(
        choice.validation_accuracy, len(bars) - 1, capsize=6, color="black",
        xerr=[[choice.validation_accuracy - low], [high - choice.validation_accuracy]],
    )  # fmt: skip
    axes.set_yticks(range(len(bars)), [name for name, _, _ in bars])
    axes.set_xlim(0, 1.0)
    axes.grid(False, axis="y")
    axes.set_xlabel(f"accuracy; 95 % interval, {choice.validation_images} validation images")
    set_title(figure, title, f"one setting, {tried(trials)}")
    return figure


def _ordered_rows(ranked: pd.DataFrame, choice: Choice, varied: list[str]) -> pd.DataFrame:
    """Numbers by size, everything else by accuracy."""
    if choice.arrangement == "grid" and len(varied) == 1:
        values = ranked[varied[0]]
        if all(is_missing(v) or isinstance(v, Real) for v in values):
            order = {repr(value): place for place, value in enumerate(ordered(values))}
            places = [order.get("" if is_missing(v) else repr(v), 0) for v in values]
            return ranked.iloc[np.argsort(places, kind="stable")]
    return ranked


@styled
def dot_plot(trials: pd.DataFrame, choice: Choice, title: str) -> Figure:
    """One row per setting: mean validation accuracy with its 95 % interval.

    Repeats are small circles; a failed setting has a cross instead of a value; of more than
    20 settings the best 20 are shown, and how many are not is said.
    """
    varied = varied_columns(trials, choice)
    ranked = rank_settings(trials, choice)
    left_out = max(len(ranked) - SHOWN, 0)
    shown = ranked.head(SHOWN)
    if left_out and not shown["chosen"].any():
        shown = pd.concat([shown.head(SHOWN - 1), ranked[ranked["chosen"]]])
    shown = _ordered_rows(shown, choice, varied).reset_index(drop=True)
    figure = new_figure(13, max(3.6, 1.9 + 0.32 * len(shown)))
    axes = figure.subplots()
    good = trials[completed(trials)]
    for place, row in shown.iterrows():
        repeats = good.loc[good["setting"] == row["setting"], "validation_accuracy"]
        _dot(axes, int(str(place)), row, repeats, choice.validation_images)
    labels = shorten_all(shown["label"], 68)
    axes.set_yticks(range(len(shown)), labels)
    for label, is_chosen in zip(axes.get_yticklabels(), shown["chosen"], strict=True):
        label.set_color(CHOSEN if is_chosen else "black")
    axes.set_ylim(len(shown) - 0.4, -0.6)
    if varied and len(varied) == 1 and choice.arrangement == "grid":
        axes.set_ylabel(column_label(varied[0]))
    axes.set_xlabel(f"validation accuracy; bars: 95 % interval, {choice.validation_images} images")
    _dot_legend(axes, shown, left_out)
    set_title(figure, title, f"{plural(len(ranked), 'setting')}, {tried(trials)}")
    return figure


def _dot(axes: Axes, place: int, row: pd.Series, repeats: pd.Series, images: int) -> None:
    color = CHOSEN if row["chosen"] else BLUE
    value = row["validation_accuracy"]
    if is_missing(value):
        axes.plot(
            0.01, place, "x", color="black", markersize=9, markeredgewidth=2,
            transform=axes.get_yaxis_transform(), clip_on=False,
        )  # fmt: skip
        axes.text(0.03, place, "failed", va="center", transform=axes.get_yaxis_transform(),
                  fontsize=11)  # fmt: skip
        return
    low, high = repeats_interval(repeats.tolist(), images)
    axes.errorbar(
        value, place, xerr=[[value - low], [high - value]], fmt="o", color=color, markersize=9,
        capsize=4, elinewidth=1.6, zorder=3,
    )  # fmt: skip
    if len(repeats) > 1:
        axes.scatter(
            repeats,
            [place] * len(repeats),
            s=26,
            facecolor="white",
            edgecolor=color,
            zorder=4,
        )
    axes.text(1.01, place, accuracy(value), va="center", transform=axes.get_yaxis_transform())


def _dot_legend(axes: Axes, shown: pd.DataFrame, left_out: int) -> None:
    entries = [Line2D([], [], marker="o", color=CHOSEN, linestyle="", label="chosen")]
    if (shown["repeats"] > 1).any():
        entries.append(
            Line2D([], [], marker="o", linestyle="", markerfacecolor="white",
                   markeredgecolor=GRAY, markersize=5, label="single repeats")
        )  # fmt: skip
    if left_out:
        text = f"{plural(left_out, 'further setting')} not shown"
        entries.append(Line2D([], [], linestyle="", label=text))
    axes.legend(
        handles=entries, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(entries),
        borderaxespad=0.2,
    )  # fmt: skip


@styled
def heat_map(trials: pd.DataFrame, choice: Choice, title: str) -> Figure:
    """Mean validation accuracy for each pair of values and the half width of its 95 % interval.

    The chosen pair is framed.

    Failed pairs hold a cross on gray, pairs that were not run are white.
    """
    # The setting with more values goes down the side, where there is space for long labels.
    down, across = sorted(
        varied_columns(trials, choice), key=lambda name: -len(ordered(trials[name]))
    )
    ranked = rank_settings(trials, choice)
    rows, columns = ordered(trials[down]), ordered(trials[across])
    figure = new_figure(
        max(8.0, min(3.6 + 1.1 * len(columns), 24)),
        max(4.2, min(2.2 + 0.55 * len(rows), 24)),
    )
    axes = figure.subplots()
    values = np.full((len(rows), len(columns)), np.nan)
    halves = np.full_like(values, np.nan)
    good = trials[completed(trials)]
    for _, row in ranked.iterrows():
        place = _position(row[down], rows), _position(row[across], columns)
        values[place] = row["validation_accuracy"]
        if is_missing(row["validation_accuracy"]):
            _failed_cell(axes, place)
        else:
            repeats = good.loc[good["setting"] == row["setting"], "validation_accuracy"]
            ends = repeats_interval(repeats.tolist(), choice.validation_images)
            halves[place] = (ends[1] - ends[0]) / 2
        if row["chosen"]:
            _frame(axes, place)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.005 if high - low < 0.001 else 0.0
    image = axes.imshow(values, vmin=low - margin, vmax=high + margin, aspect="auto")
    _cell_texts(axes, values, halves, low - margin, high + margin)
    axes.set_xticks(range(len(columns)), shorten_all(map(setting_value, columns), 18))
    axes.set_yticks(range(len(rows)), shorten_all(map(setting_value, rows), 30))
    if len(columns) > 6:
        axes.tick_params(axis="x", rotation=45)
    axes.grid(False)
    axes.set_xlabel(column_label(across))
    axes.set_ylabel(column_label(down))
    figure.colorbar(image, label="validation accuracy", format="%.3f")
    set_title(figure, title, f"{tried(trials)}; \u00b1 half of the 95 % interval; frame: chosen")
    return figure


def _position(value: object, values: list[object]) -> int:
    if is_missing(value):
        return next(place for place, other in enumerate(values) if is_missing(other))
    return values.index(value)


def _failed_cell(axes: Axes, place: tuple[int, int]) -> None:
    row, column = place
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, color="#E4E4E4", zorder=2))
    axes.text(column, row, "\u00d7 failed", ha="center", va="center", zorder=3, fontsize=11)


def _frame(axes: Axes, place: tuple[int, int]) -> None:
    row, column = place
    axes.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=CHOSEN, linewidth=4.5,
            zorder=5, clip_on=False,
        )
    )  # fmt: skip


def _cell_texts(
    axes: Axes, values: np.ndarray, halves: np.ndarray, low: float, high: float
) -> None:
    size = 12 if values.size <= 80 else 8
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            shade = colormaps["viridis"]((value - low) / (high - low))
            light = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2] > 0.5
            axes.text(
                column, row, f"{accuracy(value)}\n\u00b1 {halves[row, column]:.3f}",
                ha="center", va="center", fontsize=size,
                color="black" if light else "white",
            )  # fmt: skip
