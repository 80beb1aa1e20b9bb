"""Main effects: what each value of each setting does on average over all others."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenery.evaluation.columns import column_label
from scenery.evaluation.result_tables import completed
from scenery.evaluation.statistics import mean_interval, paired_effect, repeat_means
from scenery.reporting.labels import (
    is_missing,
    ordered,
    plural,
    setting_value,
    shorten,
    shorten_all,
)
from scenery.reporting.ranking import varied_columns
from scenery.reporting.reading import Choice
from scenery.reporting.style import BLUE, CHOSEN, GRAY, new_figure, set_title, styled

PANELS = 12


def _same(column: pd.Series, value: object) -> pd.Series:
    return column.isna() if is_missing(value) else column == value


def spread(trials: pd.DataFrame, name: str) -> float:
    """Largest difference between the mean accuracies of a setting's values."""
    means = [
        trials.loc[_same(trials[name], value), "validation_accuracy"].mean()
        for value in ordered(trials[name])
    ]
    return float(np.nanmax(means) - np.nanmin(means)) if means else 0.0


@styled
def main_effects(trials: pd.DataFrame, choice: Choice, title: str) -> Figure:
    """One panel per varied setting: mean validation accuracy of its values.

    The bars are 95 % t intervals over repeats; trials of one repeat share its sample of images and
    are no independent evidence. Small dots are trials. A setting with two values also states its
    paired effect: the mean difference between trials that agree in everything else. With more than
    twelve settings those with the largest effects are shown. Failed trials enter no mean; they
    are counted.
    """
    good = trials[completed(trials)]
    varied = varied_columns(trials, choice)
    shown = sorted(varied, key=lambda name: -spread(good, name))[:PANELS]
    shown = [name for name in varied if name in shown]
    columns = min(len(shown), 4)
    rows = -(-len(shown) // columns)
    figure = new_figure(max(10.0, 3.2 * columns), 1.4 + 2.9 * rows)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes, name in zip(panels.flat, shown, strict=False):
        _panel(axes, trials, name, varied)
        chosen = good[good["chosen"]]
        _color_chosen(axes, ordered(trials[name]), chosen[name])
    for axes in panels.flat[len(shown) :]:
        axes.set_axis_off()
    for row in panels:
        row[0].set_ylabel("validation accuracy")
    values = good["validation_accuracy"]
    margin = max(0.05 * (values.max() - values.min()), 0.002)
    panels[0, 0].set_ylim(values.min() - margin, values.max() + margin)
    failed = len(trials) - len(good)
    left_out = len(varied) - len(shown)
    text = f"means over {plural(len(good), 'trial')}"
    repeats = good["repeat"].nunique()
    text += f", 95 % t interval over {repeats} repeats" if repeats > 1 else ", one run of each"
    if any(len(ordered(trials[name])) == 2 for name in shown):
        text += "; above: second minus first value"
    set_title(figure, title, text)
    notes = ["orange value: chosen"]
    if failed:
        notes.append(f"\u00d7 {plural(failed, 'trial')} failed, in no mean")
    if left_out:
        notes.append(f"{plural(left_out, 'setting')} with smaller effects not shown")
    figure.supxlabel("; ".join(notes), fontsize=12, x=0.01, ha="left")
    return figure


def _panel(axes: Axes, trials: pd.DataFrame, name: str, varied: list[str]) -> None:
    values = ordered(trials[name])
    good = completed(trials)
    random = np.random.default_rng(0)
    for place, value in enumerate(values):
        inside = _same(trials[name], value)
        results = trials.loc[inside & good, "validation_accuracy"].to_numpy(dtype=float)
        axes.scatter(
            place + random.uniform(-0.14, 0.14, len(results)), results, s=14, color=GRAY,
            alpha=0.5, linewidths=0,
        )  # fmt: skip
        mean, low, high = mean_interval(repeat_means(trials[inside & good]))
        reach = None if np.isnan(low) else [[mean - low], [high - mean]]
        axes.errorbar(place, mean, yerr=reach, fmt="o", color=BLUE, markersize=9, capsize=6)
        failed = int((inside & ~good).sum())
        if failed:
            axes.text(
                place, 0.01, f"\u00d7 {failed}", transform=axes.get_xaxis_transform(),
                ha="center", va="bottom", fontsize=11,
            )  # fmt: skip
    labels = shorten_all(map(setting_value, values), 10 if len(values) > 3 else 14)
    axes.set_xticks(range(len(values)), labels, rotation=45 if len(values) > 4 else 0)
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.grid(False, axis="x")
    text = shorten(column_label(name), 30)
    if len(values) == 2:
        pairs, effect, low, high = paired_effect(trials[good], varied, name, *values)
        if pairs > 1:
            text += f"\n{effect:+.3f}"
            text += "" if np.isnan(low) else f" ({low:+.3f} to {high:+.3f})"
    axes.set_title(text, fontsize=13)


def _color_chosen(axes: Axes, values: list[object], chosen: pd.Series) -> None:
    for label, value in zip(axes.get_xticklabels(), values, strict=True):
        if _same(chosen, value).any():
            label.set_color(CHOSEN)
            label.set_fontweight("bold")
