"""The aims of a choice against each other, and their Pareto front."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from scenery.evaluation.columns import column_label
from scenery.evaluation.status import TrialStatus
from scenery.reporting.labels import number, plural
from scenery.reporting.reading import Choice
from scenery.reporting.style import BLUE, CHOSEN, GRAY, new_figure, set_title, styled


def pareto_rows(trials: pd.DataFrame, aims: Sequence[str]) -> pd.DataFrame:
    """One row for each setting that could be chosen: the means of its aims, pareto and chosen."""
    good = trials["status"] == TrialStatus.COMPLETED
    complete = good.groupby(trials["setting"]).transform("all") & trials["candidate"]
    settings = trials[complete].groupby("setting", sort=False, as_index=False)
    return settings.agg(
        **{aim: (aim, "mean") for aim in aims},
        pareto=("pareto", "first"),
        chosen=("chosen", "first"),
    )


@styled
def pareto_figure(trials: pd.DataFrame, choice: Choice, title: str, aims: Sequence[str]) -> Figure:
    """The first aim against each other one; the front is a line if there are two aims."""
    rows = pareto_rows(trials, aims)
    first, *others = aims
    figure = new_figure(11 if len(others) == 1 else 14, 6)
    panels = figure.subplots(1, len(others), squeeze=False, sharey=True)[0]
    for axes, other in zip(panels, others, strict=True):
        _panel(axes, rows, other, first, joined=len(others) == 1)
    panels[0].set_ylabel(column_label(first))
    panels[0].legend(loc="best")
    set_title(figure, title, f"{plural(len(rows), 'setting')}; chosen: {choice.rule}")
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, x: str, y: str, joined: bool) -> None:
    front = rows[rows["pareto"]].sort_values(x)
    rest = rows[~rows["pareto"]]
    axes.scatter(rest[x], rest[y], s=36, color=GRAY, alpha=0.75, linewidths=0, label="others")
    axes.plot(
        front[x], front[y], color=BLUE, marker="o", linestyle="-" if joined else "",
        drawstyle="steps-post", label="Pareto front",
    )  # fmt: skip
    chosen = rows[rows["chosen"]]
    axes.scatter(chosen[x], chosen[y], s=130, color=CHOSEN, zorder=4, label="chosen")
    if rows[x].min() > 0 and rows[x].max() > 10 * rows[x].min():
        axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axes.set_xlabel(column_label(x))
