"""Accuracy, trained parameters and time by fine-tuning depth."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from scenery.config.setting_values import FROM_LAYER
from scenery.evaluation.intervals import repeats_interval
from scenery.evaluation.result_tables import completed
from scenery.reporting.labels import (
    accuracy,
    duration,
    plural,
    setting_value,
    short_count,
    shorten,
)
from scenery.reporting.ranking import tried
from scenery.reporting.reading import Choice
from scenery.reporting.style import BLUE, CHOSEN, new_figure, set_title, styled

SUBSETS = 4
# Places of the layers from which networks are trained, of LoRA, and of whole networks.
_FROM_LAYERS = 1_000
_LORA = 9_999
_EVERYTHING = 10_000


def depth(trainable: str, dense: Any) -> tuple[int, str]:
    """Order and name of the trained layers, from the output inwards."""
    if trainable == "head":
        hidden = setting_value(dense) != "none"
        return (1, "new\nhead") if hidden else (0, "last\nlayer")
    if trainable.startswith("head+"):
        stages = int(trainable.removeprefix("head+"))
        return 1 + stages, f"head,\n{plural(stages, 'stage')}"
    if trainable.startswith(FROM_LAYER):
        return _FROM_LAYERS, f"from\n{shorten(trainable.removeprefix(FROM_LAYER), 16)}"
    if trainable == "lora":
        return _LORA, "LoRA"
    return (_EVERYTHING, "all") if trainable == "all" else (_EVERYTHING + 1, "from\nscratch")


def fine_tuning_depth_rows(trials: pd.DataFrame) -> pd.DataFrame:
    """What each subset gives at each depth: of several settings the most accurate one.

    Columns: subset, place, name, setting, validation_accuracy, trained_parameters, seconds (means
    over repeats), repeats (their accuracies), chosen, left_out (settings that are worse).
    """
    good = trials[completed(trials)].copy()
    found = [depth(*pair) for pair in zip(good["trainable"], good["head.dense"], strict=True)]
    good["place"] = [place for place, _ in found]
    named = good["place"] == _FROM_LAYERS
    # Of two layers, the lower one leaves more to train.
    good.loc[named, "place"] += good.loc[named, "trained_parameters"].rank(method="dense") - 1
    good["name"] = [name for _, name in found]
    keys = ["subset", "place", "name"]
    means = good.groupby([*keys, "setting"], sort=False, as_index=False).agg(
        validation_accuracy=("validation_accuracy", "mean"),
        trained_parameters=("trained_parameters", "mean"),
        seconds=("seconds", "mean"),
        chosen=("chosen", "any"),
        repeats=("validation_accuracy", list),
    )
    best = means.sort_values("validation_accuracy", ascending=False, kind="stable")
    best["left_out"] = best.groupby(keys)["setting"].transform("size") - 1
    return best.drop_duplicates(keys).sort_values(["subset", "place"]).reset_index(drop=True)


@styled
def fine_tuning_depth_figure(trials: pd.DataFrame, choice: Choice, title: str) -> Figure:
    """Accuracy, trained parameters and time against the trained layers, a column for each subset.

    Accuracies have their 95 % interval. With more than four subsets the first four are drawn.
    """
    rows = fine_tuning_depth_rows(trials)
    subsets = list(dict.fromkeys(trials["subset"]))
    shown = [subset for subset in subsets if subset in set(rows["subset"])][:SUBSETS]
    depths = rows[rows["subset"].isin(shown)].drop_duplicates("place").sort_values("place")
    order = {place: number for number, place in enumerate(depths["place"])}
    figure = new_figure(max(9.0, 1.0 + 0.95 * len(order) * len(shown)), 9)
    panels = figure.subplots(3, len(shown), sharex=True, sharey="row", squeeze=False)
    for column, subset in enumerate(shown):
        part = rows[rows["subset"] == subset]
        places = np.array([order[place] for place in part["place"]])
        _accuracies(panels[0, column], part, places, choice.validation_images)
        _costs(panels[1, column], part, places, "trained_parameters")
        _costs(panels[2, column], part, places, "seconds")
        panels[0, column].set_title(f"training images: {setting_value(subset)}", loc="left")
        panels[2, column].set_xticks(range(len(order)), depths["name"], fontsize=11)
        panels[2, column].set_xlim(-0.6, len(order) - 0.4)
    for row, text in enumerate(("validation accuracy", "trained parameters", "time of one trial")):
        panels[row, 0].set_ylabel(text)
    notes = ["trained layers, from the output inwards; orange: chosen"]
    if rows["left_out"].any():
        notes.append("of several settings the most accurate is drawn")
    if len(subsets) > len(shown):
        notes.append(f"{plural(len(subsets) - len(shown), 'further subset')} not drawn")
    figure.supxlabel("; ".join(notes), fontsize=12, x=0.01, ha="left")
    subtitle = tried(trials)
    set_title(figure, title, f"{subtitle}; bars: 95 % interval, {choice.validation_images} "
              "validation images")  # fmt: skip
    return figure


def _accuracies(axes: Axes, rows: pd.DataFrame, places: np.ndarray, images: int) -> None:
    values = rows["validation_accuracy"].to_numpy(dtype=float)
    ends = np.array([repeats_interval(repeats, images) for repeats in rows["repeats"]])
    axes.plot(places, values, color=BLUE, linewidth=1.2, alpha=0.5)
    for place, value, (low, high), chosen in zip(places, values, ends, rows["chosen"], strict=True):
        axes.errorbar(
            place, value, yerr=[[value - low], [high - value]], fmt="o", capsize=4,
            color=CHOSEN if chosen else BLUE,
        )  # fmt: skip
        axes.annotate(accuracy(value), (place, high), xytext=(0, 3), textcoords="offset points",
                      ha="center", fontsize=10)  # fmt: skip
    axes.margins(y=0.12)


def _costs(axes: Axes, rows: pd.DataFrame, places: np.ndarray, cost: str) -> None:
    words = short_count if cost == "trained_parameters" else duration
    values = rows[cost].to_numpy(dtype=float)
    colors = [CHOSEN if chosen else BLUE for chosen in rows["chosen"]]
    # Dots and not bars: on a logarithmic axis the length of a bar says nothing.
    axes.plot(places, values, color=BLUE, linewidth=1.2, alpha=0.5)
    axes.scatter(places, values, s=60, color=colors, zorder=3)
    for place, value in zip(places, values, strict=True):
        axes.annotate(words(value), (place, value), xytext=(0, 7), textcoords="offset points",
                      ha="center", fontsize=10)  # fmt: skip
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.margins(y=0.2)
