"""The whole study in three pictures: experiments compared, accuracy against size and time."""

from typing import Literal

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
        axes.text(
            1.01,
            float(str(place)),
            text,
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
    """Means over repeats: experiment, title, name, cost, validation_accuracy, chosen, place."""
    good = summary[completed(summary) & summary[cost].notna() & (summary[cost] > 0)]
    grouped = good.groupby(["experiment", "setting"], sort=False)
    return grouped.agg(
        title=("title", "first"),
        name=("name", "first"),
        cost=(cost, "mean"),
        validation_accuracy=("validation_accuracy", "mean"),
        chosen=("chosen", "any"),
    ).reset_index()


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
    _key(axes, key, rows.loc[front], format_cost)
    costs = rows["cost"]
    if len(costs) and costs.max() / costs.min() > 10:
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


def _key(axes: Axes, key: Axes, front: pd.DataFrame, format_cost: object) -> None:
    """Numbers beside the points of the front, and what they stand for."""
    picked = np.unique(np.linspace(0, len(front) - 1, min(len(front), KEYED)).round().astype(int))
    key.text(
        0,
        1,
        "On the Pareto front",
        fontweight="bold",
        va="top",
        transform=key.transAxes,
    )
    for place, index in enumerate(picked):
        row = front.iloc[index]
        axes.annotate(
            str(place + 1), (row["cost"], row["validation_accuracy"]), xytext=(-7, 7),
            textcoords="offset points", ha="right", va="bottom", fontsize=12, fontweight="bold",
        )  # fmt: skip
        cost = format_cost(row["cost"])  # type: ignore[operator]
        text = f"{place + 1}  {accuracy(row['validation_accuracy'])}, {cost}"
        text += f"\n    {shorten(row['name'], 36)}\n    {shorten(row['title'], 36)}"
        key.text(0, 0.92 - place * 0.095, text, va="top", fontsize=10.5, transform=key.transAxes,
                 linespacing=1.15)  # fmt: skip
    axes.margins(x=0.08, y=0.1)


def accuracy_against_parameters(summary: pd.DataFrame) -> Figure:
    """Accuracy against the number of parameters."""
    return accuracy_against(summary, "parameters")


def accuracy_against_time(summary: pd.DataFrame) -> Figure:
    """Accuracy against training time."""
    return accuracy_against(summary, "seconds")
