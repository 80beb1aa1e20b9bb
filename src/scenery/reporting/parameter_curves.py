"""Accuracy against settings that are numbers: how training and validation go apart or together."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullFormatter, NullLocator

from scenery.evaluation.columns import column_label
from scenery.evaluation.intervals import repeats_interval
from scenery.evaluation.result_tables import completed
from scenery.reporting.labels import number, plural, setting_label, shorten
from scenery.reporting.ranking import tried, varied_columns
from scenery.reporting.reading import Choice
from scenery.reporting.style import (
    BLACK,
    CHOSEN,
    COLORS,
    MARKERS,
    new_figure,
    set_title,
    styled,
)

# As many as there are colors that everybody can tell apart.
LINES = len(COLORS)
PANELS = 4
# Numbers further apart than this are shown by their logarithms.
FAR_APART = 20.0


def parameter_curve_rows(trials: pd.DataFrame, choice: Choice, setting: str) -> pd.DataFrame:
    """Completed trials with a number for the setting, and the line that each is on.

    Args:
        trials: The experiment's trials.
        choice: What it chose.
        setting: A varied setting, by its dotted name.

    Returns:
        `trials` with the columns at (the setting's number) and line (the other varied settings in
        words, "" without others).
    """
    good = trials[completed(trials)].copy()
    good["at"] = pd.to_numeric(good[setting], errors="coerce").astype(float)
    good = good[good["at"].notna()]
    others = [name for name in varied_columns(trials, choice) if name != setting]
    good["line"] = [_label(row, others) for _, row in good.iterrows()]
    return good


def _label(row: pd.Series, others: list[str]) -> str:
    text = setting_label({name: row[name] for name in others}) if others else ""
    return f"{column_label(others[0])} {text}" if len(others) == 1 else text


@styled
def parameter_curves_figure(
    trials: pd.DataFrame, choice: Choice, settings: Sequence[str], title: str
) -> Figure:
    """One panel per setting that is a number, a color for each combination of the others.

    Solid: validation accuracy with its 95 % interval; dashed: training accuracy; both are means
    over repeats, whose validation accuracies are small dots. With more lines than colors those of
    the best mean validation accuracy are drawn, and the others counted; so are settings beyond the
    fourth.
    """
    shown = list(settings)[:PANELS]
    figure = new_figure(11 if len(shown) == 1 else 15, 6.4 if len(shown) < 3 else 12)
    rows = -(-len(shown) // 2)
    panels = figure.subplots(rows, min(len(shown), 2), squeeze=False, sharey=True)
    left_out = 0
    for axes, setting in zip(panels.flat, shown, strict=False):
        rows_of = parameter_curve_rows(trials, choice, setting)
        left_out += _panel(axes, rows_of, setting, choice.validation_images)
    for axes in panels.flat[len(shown) :]:
        axes.set_axis_off()
    for row in panels:
        row[0].set_ylabel("accuracy")
    subtitle = tried(trials)
    if left_out:
        subtitle += f"; {plural(left_out, 'further line')} not drawn"
    if len(settings) > len(shown):
        subtitle += f"; {plural(len(settings) - len(shown), 'further setting')} not drawn"
    set_title(figure, title, f"{subtitle}; solid: validation, dashed: training, ring: chosen")
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, setting: str, images: int) -> int:
    """Draw one setting; the number of lines that are not drawn."""
    means = rows.groupby("line", sort=False)["validation_accuracy"].mean()
    best = list(means.nlargest(LINES).index)
    chosen = rows[rows["chosen"]]
    if not set(chosen["line"]) <= set(best):
        best[-1] = chosen["line"].iloc[0]
    lines = [line for line in means.index if line in best]
    values = np.array(sorted(rows["at"].unique()))
    places = _axis(axes, values)
    for place, line in enumerate(lines):
        own = rows[rows["line"] == line].assign(at=lambda x: x["at"].map(places))
        _line(axes, own, place, images)
    for at, value in chosen.groupby("at")["validation_accuracy"].mean().items():
        axes.plot(
            places[float(str(at))], value, "o", markersize=16, zorder=5, markerfacecolor="none",
            markeredgecolor=CHOSEN, markeredgewidth=2.5,
        )  # fmt: skip
    axes.set_xlabel(column_label(setting))
    _legend(axes, lines)
    return len(means) - len(lines)


def _axis(axes: Axes, values: np.ndarray) -> dict[float, float]:
    """Set up the horizontal axis; where each value stands on it."""
    above = values[values > 0]
    far = len(above) > 1 and above.max() / above.min() >= FAR_APART
    if far and len(above) < len(values):
        # A logarithm has no place for 0, which belongs to such series: no penalty, no decay.
        places = {float(value): float(place) for place, value in enumerate(values)}
    else:
        places = {float(value): float(value) for value in values}
        if far:
            axes.set_xscale("log")
    axes.set_xticks(list(places.values()), [number(value) for value in places])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
    if len(values) > 6:
        axes.tick_params(axis="x", rotation=45)
    return places


def _line(axes: Axes, rows: pd.DataFrame, place: int, images: int) -> None:
    color, marker = COLORS[place], MARKERS[place]
    groups = rows.groupby("at")
    means = groups["validation_accuracy"].mean()
    ends = [repeats_interval(group.tolist(), images) for _, group in groups["validation_accuracy"]]
    reach = np.abs(np.array(ends).T - means.to_numpy())
    axes.errorbar(means.index, means, yerr=reach, color=color, marker=marker, capsize=3)
    if len(rows) > len(means):
        axes.scatter(rows["at"], rows["validation_accuracy"], s=14, color=color, alpha=0.5)
    if "train_accuracy" in rows and rows["train_accuracy"].notna().any():
        training = groups["train_accuracy"].mean()
        axes.plot(
            training.index, training, color=color, marker=marker, linestyle="--", linewidth=1.4,
            markerfacecolor="white", markersize=6,
        )  # fmt: skip


def _legend(axes: Axes, lines: list[str]) -> None:
    if not any(lines):
        return
    entries = [
        Line2D([], [], color=COLORS[place], marker=MARKERS[place], label=shorten(line, 60))
        for place, line in enumerate(lines)
    ]
    entries.append(Line2D([], [], color=BLACK, linestyle="--", linewidth=1.4, label="training"))
    axes.legend(
        handles=entries, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2
    )
