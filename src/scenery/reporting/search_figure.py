"""A search: every hyper-parameter against accuracy, and how soon a good one was found."""

from numbers import Real

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from scenery.evaluation.columns import column_label
from scenery.evaluation.importance import importance
from scenery.evaluation.result_tables import completed, count_failed, ended_early
from scenery.evaluation.statistics import best_of
from scenery.reporting.labels import (
    number,
    ordered,
    plural,
    setting_value,
    shorten,
    shorten_all,
)
from scenery.reporting.ranking import varied_columns
from scenery.reporting.reading import Choice
from scenery.reporting.style import BLUE, CHOSEN, SKY, new_figure, set_title, styled
from scenery.study.search_strategies import search_strategy

# A range wider than this factor is drawn on a logarithmic axis.
WIDE = 50.0


@styled
def random_search(trials: pd.DataFrame, choice: Choice, title: str) -> Figure:
    """One panel per hyper-parameter, one for the search's efficiency, one for importance.

    Every trial is a dot, the chosen one large, failed ones crosses on the lower edge. Then the
    best validation accuracy that n of these trials would have found: median, and the range of
    95 % of all draws (Bergstra and Bengio 2012), or of a search in rounds the best of its first n
    trials; and how much worse a forest predicts accuracy when a setting is shuffled (see
    `importance`).
    """
    varied = varied_columns(trials, choice)
    figure, panels = _panels(len(varied) + 2)
    for axes, name in zip(panels, varied, strict=False):
        _hyper_parameter(axes, trials, name)
    in_rounds = search_strategy(choice.strategy).in_rounds
    (_progress if in_rounds else _efficiency)(panels[-2], trials)
    _importance(panels[-1], trials, varied)
    failed = count_failed(trials)
    kind = "trial" if in_rounds else "random trial"
    set_title(figure, title, f"{plural(len(trials), kind)}, validation accuracy")
    stopped = int(ended_early(trials).sum())
    notes = ["orange: chosen"] + ([f"hollow: {stopped} ended early"] if stopped else [])
    notes += [f"\u00d7 {failed} failed"] if failed else []
    figure.supxlabel("; ".join(notes), fontsize=12, x=0.01, ha="left")
    return figure


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    """Panels in rows that each fill the width; all but the last show accuracies on one axis."""
    columns = min(count, 4 if count > 6 else 3)
    rows = np.array_split(np.arange(count), -(-count // columns))
    figure = new_figure(3.9 * columns, 1.2 + 2.8 * len(rows))
    panels: list[Axes] = []
    # A row is a figure of its own, since labels of one row would move the panels of another.
    for part, places in zip(figure.subfigures(len(rows), 1, squeeze=False).flat, rows, strict=True):
        row = part.subplots(1, len(places), squeeze=False)[0]
        row[0].set_ylabel("validation accuracy")
        for axes, place in zip(row, places, strict=True):
            if panels and place < count - 1:
                axes.sharey(panels[0])
                axes.tick_params(labelleft=axes is row[0])
            panels.append(axes)
    if len(rows[-1]) == 1:
        panels[-1].set_ylabel("")
    return figure, panels


def _is_number(values: pd.Series) -> bool:
    filled = values.dropna()
    return len(filled) > 0 and all(isinstance(value, Real) for value in filled)


def _is_wide(values: pd.Series) -> bool:
    """Whether the values were rather drawn evenly on a logarithmic scale than on a linear one."""
    if values.min() <= 0 or values.max() / values.min() < WIDE:
        return False
    return float(values.median()) < 0.25 * float(values.max())


def _hyper_parameter(axes: Axes, trials: pd.DataFrame, name: str) -> None:
    values = trials[name]
    if _is_number(values) and values.nunique() > 6:
        filled = values.dropna().astype(float)
        places = values.astype(float)
        if _is_wide(filled):
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        else:
            axes.xaxis.set_major_locator(MaxNLocator(5))
    else:
        distinct = ordered(values)
        order = {setting_value(value): place for place, value in enumerate(distinct)}
        shifts = np.random.default_rng(0).uniform(-0.18, 0.18, len(values))
        places = values.map(lambda value: order[setting_value(value)]).astype(float) + shifts
        labels = shorten_all(map(setting_value, distinct), 11)
        axes.set_xticks(
            range(len(distinct)),
            labels,
            rotation=40 if sum(map(len, labels)) > 26 else 0,
        )
        axes.set_xlim(-0.5, len(distinct) - 0.5)
    _dots(axes, trials, places)
    axes.set_xlabel(shorten(column_label(name), 30))


def _dots(axes: Axes, trials: pd.DataFrame, places: pd.Series) -> None:
    good = completed(trials)
    accuracies = trials["validation_accuracy"]
    early = ended_early(trials)
    for dots, look in ((good & ~early, {"color": BLUE, "linewidths": 0}),
                       (good & early, {"facecolors": "none", "edgecolors": BLUE})):  # fmt: skip
        axes.scatter(places[dots], accuracies[dots], s=36, alpha=0.75, **look)
    chosen = good & trials["chosen"]
    axes.scatter(places[chosen], accuracies[chosen], s=130, color=CHOSEN, zorder=4)
    failed = places[~good & places.notna()]
    axes.scatter(
        failed, np.full(len(failed), 0.03), marker="x", s=48, color="black", zorder=4,
        transform=axes.get_xaxis_transform(), clip_on=False,
    )  # fmt: skip


def _efficiency(axes: Axes, trials: pd.DataFrame) -> None:
    results = trials["validation_accuracy"].where(completed(trials)).to_numpy(dtype=float)
    curve = best_of(results, (0.025, 0.5, 0.975))
    drawn = np.arange(1, len(curve) + 1)
    axes.fill_between(drawn, curve[:, 0], curve[:, 2], color=SKY, alpha=0.35, linewidth=0,
                      label="95 % of draws")  # fmt: skip
    axes.plot(
        drawn,
        curve[:, 1],
        color=BLUE,
        label="median",
        marker="o" if len(drawn) < 3 else "",
    )
    axes.set_xlabel("best of n trials: n")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.legend(loc="lower right")


def _progress(axes: Axes, trials: pd.DataFrame) -> None:
    """The best accuracy so far, trial by trial: later trials have learned from earlier ones."""
    results = trials["validation_accuracy"].where(completed(trials))
    best = results.cummax().ffill().to_numpy(dtype=float)
    axes.step(np.arange(1, len(best) + 1), best, where="post", color=BLUE, marker="o", ms=3)
    axes.set_xlabel("best of the first n trials: n")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def _importance(axes: Axes, trials: pd.DataFrame, varied: list[str]) -> None:
    found = importance(trials[completed(trials)], varied)
    axes.grid(False, axis="y")
    if found is None or found.explained <= 0:
        axes.set_axis_off()
        text = "too few trials" if found is None else "the settings do not\npredict the accuracy"
        axes.text(0.5, 0.5, f"importance of settings:\n{text}", ha="center", va="center",
                  transform=axes.transAxes, fontsize=12)  # fmt: skip
        return
    names = sorted(found.drops, key=lambda name: found.drops[name][0])
    means = [found.drops[name][0] for name in names]
    spreads = [found.drops[name][1] for name in names]
    axes.barh(range(len(names)), means, 0.65, xerr=spreads, color=BLUE,
              error_kw={"ecolor": "black", "capsize": 3})  # fmt: skip
    size = 11 if len(names) <= 8 else 10
    labels = shorten_all(map(column_label, names), 18)
    axes.set_yticks(range(len(names)), labels, fontsize=size)
    axes.set_xlabel("importance: loss of R\u00b2")
    axes.set_title(
        f"forest's R\u00b2 on unseen trials: {found.explained:.2f}", fontsize=11, loc="left"
    )
