"""The whole study in three pictures: experiments compared, accuracy against size and time."""

import json
from collections.abc import Callable, Hashable
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from scenery.evaluation.result_tables import completed, count_failed
from scenery.evaluation.statistics import pareto_front
from scenery.reporting.labels import (
    accuracy,
    duration,
    interval,
    named_value,
    plural,
    short_count,
    shorten,
    shorten_all,
)
from scenery.reporting.style import (
    BLUE,
    CHOSEN,
    COLORS,
    MARKERS,
    new_figure,
    set_title,
    styled,
)

KEYED = 10
# Letters of a line beside the points, and the share of an axis that a number takes.
KEY_WIDTH = 46
NEAR = 0.04


def experiment_rows(summary: pd.DataFrame) -> pd.DataFrame:
    """One row per experiment, in study order.

    Columns: experiment, title, trials, failed, validation_accuracy (mean of the chosen setting's
    repeats), test_accuracy, test_low, test_high, test_images (NaN where not tested).
    """
    rows = []
    for experiment, group in summary.groupby("experiment", sort=False):
        chosen = group[group["chosen"]]
        tested = chosen[chosen["test_accuracy"].notna()].head(1)
        row = {
            "experiment": experiment,
            "title": str(group["title"].iloc[0]) or str(experiment),
            "trials": len(group),
            "failed": count_failed(group),
            "validation_accuracy": chosen["validation_accuracy"].mean(),
        }
        for column in ("test_accuracy", "test_low", "test_high", "test_images"):
            row[column] = tested[column].iloc[0] if len(tested) else np.nan
        rows.append(row)
    return pd.DataFrame(rows)


@styled
def comparison(summary: pd.DataFrame) -> Figure:
    """Chosen validation accuracy and test accuracy (95 % interval) of each experiment."""
    rows = experiment_rows(summary)
    figure = new_figure(12, max(3.6, 1.8 + 0.62 * len(rows)))
    axes = figure.subplots()
    places = np.arange(len(rows))
    axes.scatter(
        rows["validation_accuracy"], places - 0.14, s=75, facecolor="white", edgecolor=BLUE,
        linewidths=2, zorder=3, label="validation, chosen setting",
    )  # fmt: skip
    reach = np.vstack(
        [
            rows["test_accuracy"] - rows["test_low"],
            rows["test_high"] - rows["test_accuracy"],
        ]
    )
    axes.errorbar(
        rows["test_accuracy"], places + 0.14, xerr=np.clip(reach, 0, None), fmt="o",
        color=CHOSEN, markersize=9, capsize=5, label="test, 95 % interval",
    )  # fmt: skip
    for place, row in rows.iterrows():
        text = interval(row["test_accuracy"], row["test_low"], row["test_high"])
        if np.isnan(row["test_accuracy"]):
            text = "not tested"
        # The layout leaves no margin beside a text at the edge.
        axes.text(
            1.01,
            float(str(place)),
            f"{text}  ",
            transform=axes.get_yaxis_transform(),
            va="center",
        )
    names = shorten_all(rows["title"], 46)
    tried = [plural(number, "trial") for number in rows["trials"]]
    axes.set_yticks(places, [f"{a}\n{b}" for a, b in zip(names, tried, strict=True)], fontsize=11)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("accuracy")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2)
    set_title(figure, "Experiments compared")
    return figure


def _settings_of(summary: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Means over repeats: experiment, title, name, cost, validation_accuracy, chosen."""
    good = summary[completed(summary) & summary[cost].notna() & (summary[cost] > 0)]
    good = good.assign(name=[_name(row) for row in good.to_dict("records")])
    grouped = good.groupby(["experiment", "setting"], sort=False)
    return grouped.agg(
        title=("title", "first"),
        name=("name", "first"),
        cost=(cost, "mean"),
        validation_accuracy=("validation_accuracy", "mean"),
        chosen=("chosen", "any"),
    ).reset_index()


def _name(row: dict[Hashable, Any]) -> str:
    """What a trial varies: "dropout 0.3, label smoothing 0.1"; else its name."""
    varied = [name for name in json.loads(row.get("varied") or "[]") if name in row]
    return ", ".join(named_value(name, row[name]) for name in varied) or str(row["name"])


@styled
def accuracy_against(summary: pd.DataFrame, cost: Literal["parameters", "seconds"]) -> Figure:
    """Validation accuracy of every setting against its parameters or training time.

    The line is the Pareto front: settings that no other beats in both. They are numbered and
    named at the side (of many, ten spread over the front).
    """
    label, format_cost = {
        "parameters": ("parameters of the whole network", short_count),
        "seconds": ("training time of one trial", duration),
    }[cost]
    rows = _settings_of(summary, cost)
    figure = new_figure(14, 7)
    axes, key = figure.subplots(1, 2, width_ratios=[3, 1.55])
    key.set_axis_off()
    _scatter(axes, rows)
    front = _front(axes, rows)
    shown = rows.loc[front[_spread(len(front))]]
    for numbers, row in _numbers(shown, rows):
        axes.annotate(
            numbers, (row["cost"], row["validation_accuracy"]), xytext=(-7, 7),
            textcoords="offset points", ha="right", va="bottom", fontsize=12, fontweight="bold",
        )  # fmt: skip
    axes.margins(x=0.08, y=0.1)
    _key(key, shown, format_cost)
    if _is_wide(rows["cost"]):
        axes.set_xscale("log")
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: format_cost(value)))
    axes.set_xlabel(label)
    axes.set_ylabel("validation accuracy")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=3)
    failed = count_failed(summary)
    text = f"Accuracy against {cost.replace('seconds', 'time')}, {plural(len(summary), 'trial')}"
    set_title(figure, text + (f", {failed} failed (not drawn)" if failed else ""))
    return figure


def _scatter(axes: Axes, rows: pd.DataFrame) -> None:
    for place, (_, group) in enumerate(rows.groupby("experiment", sort=False)):
        color, marker = COLORS[place % len(COLORS)], MARKERS[place % len(MARKERS)]
        name = shorten(str(group["title"].iloc[0]), 40)
        axes.scatter(group["cost"], group["validation_accuracy"], s=55, color=color,
                     marker=marker, alpha=0.8, linewidths=0, label=name)  # fmt: skip
    chosen = rows[rows["chosen"]]
    axes.scatter(chosen["cost"], chosen["validation_accuracy"], s=190, facecolor="none",
                 edgecolor=CHOSEN, linewidths=2.4, label="chosen in its experiment")  # fmt: skip


def _front(axes: Axes, rows: pd.DataFrame) -> pd.Index:
    mask = pareto_front(
        rows["cost"].to_numpy(dtype=float),
        rows["validation_accuracy"].to_numpy(dtype=float),
    )
    front = rows[mask].sort_values("cost")
    axes.step(front["cost"], front["validation_accuracy"], where="post", color="#555555",
              linewidth=1.6, linestyle="--", zorder=1, label="Pareto front")  # fmt: skip
    return front.index


def _is_wide(costs: pd.Series) -> bool:
    """Whether costs need a logarithmic axis."""
    return bool(len(costs)) and costs.max() / costs.min() > 10


def _spread(points: int) -> np.ndarray:
    """Which points of the front are named: at most so many, spread over it."""
    return np.unique(np.linspace(0, points - 1, min(points, KEYED)).round().astype(int))


def _numbers(shown: pd.DataFrame, rows: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """The numbers beside points; points so near that numbers would overlap share a text."""
    scale = np.log if _is_wide(rows["cost"]) else np.asarray
    across, up = scale(rows["cost"]), rows["validation_accuracy"]
    widths = max(np.ptp(across), 1e-9), max(np.ptp(up), 1e-9)
    groups: list[tuple[str, pd.Series]] = []
    for number, (_, row) in enumerate(shown.iterrows(), start=1):
        if groups:
            text, first = groups[-1]
            apart = (
                abs(scale(row["cost"]) - scale(first["cost"])) / widths[0],
                abs(row["validation_accuracy"] - first["validation_accuracy"]) / widths[1],
            )
            if apart[0] < NEAR and apart[1] < NEAR:
                groups[-1] = f"{text}, {number}", first
                continue
        groups.append((str(number), row))
    return groups


def _key(key: Axes, shown: pd.DataFrame, format_cost: Callable[[float], str]) -> None:
    """What the numbers beside points stand for."""
    key.text(
        0,
        1,
        "On the Pareto front",
        fontweight="bold",
        va="top",
        transform=key.transAxes,
    )
    for place, (_, row) in enumerate(shown.iterrows()):
        text = f"{place + 1}  {accuracy(row['validation_accuracy'])}, {format_cost(row['cost'])}"
        text += f"\n    {shorten(row['name'], KEY_WIDTH)}\n    {shorten(row['title'], KEY_WIDTH)}"
        key.text(0, 0.92 - place * 0.095, text, va="top", fontsize=11, transform=key.transAxes,
                 linespacing=1.15)  # fmt: skip


def accuracy_against_parameters(summary: pd.DataFrame) -> Figure:
    """Accuracy against the number of parameters."""
    return accuracy_against(summary, "parameters")


def accuracy_against_time(summary: pd.DataFrame) -> Figure:
    """Accuracy against training time."""
    return accuracy_against(summary, "seconds")
