"""Learning curves: how accuracy and loss of the trials went from epoch to epoch."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scenery.evaluation.status import TrialStatus
from scenery.reporting.labels import plural, shorten_all
from scenery.reporting.ranking import rank_settings
from scenery.reporting.reading import Choice
from scenery.reporting.style import (
    CHOSEN,
    COLORS,
    GRAY,
    LIGHT,
    new_figure,
    set_title,
    styled,
)

LABELED = 8
# More curves than this, beside those that are named, are shown by their quantiles.
MAX_CURVES = 60
_MEASURES = (("accuracy", "accuracy"), ("loss", "loss"))


def with_position(history: pd.DataFrame) -> pd.DataFrame:
    """The history with a column `position`: epochs counted through both steps of a trial.

    Where the second step (network) counts from 1 again, it is put behind the first (head).
    """
    head_end = history[history["step"] == "head"].groupby("trial")["epoch"].max()
    network = history[history["step"] == "network"]
    restarts = network.groupby("trial")["epoch"].min().reindex(head_end.index) <= head_end
    shift = history["trial"].map(head_end.where(restarts, 0))
    moved = history["epoch"] + shift.fillna(0).where(history["step"] == "network", 0)
    return history.assign(position=moved).sort_values(["trial", "position"], kind="stable")


def _line(axes: Axes, rows: pd.DataFrame, column: str, **look: object) -> None:
    values = rows[column].where(np.isfinite(rows[column]))
    # A trial of one epoch is a point; as a line it would not be seen.
    marker = "o" if values.notna().sum() == 1 else None
    axes.plot(rows["position"], values, marker=marker, **look)  # type: ignore[arg-type]


def _draw_chosen(axes: Axes, rows: pd.DataFrame, choice: Choice, measure: str) -> None:
    _line(axes, rows, f"validation_{measure}", color=CHOSEN, label="validation")
    _line(axes, rows, measure, color=COLORS[0], linestyle="--", label="train")
    second = rows[rows["step"] == "network"]
    if len(second) and (rows["step"] == "head").any():
        start = float(second["position"].min()) - 0.5
        axes.axvline(start, color=GRAY, linestyle=":", linewidth=1.5)
        axes.text(
            start, 0.02, " whole network", transform=axes.get_xaxis_transform(), fontsize=10,
            color="#555555",
        )  # fmt: skip


def say_why_empty(axes: Axes) -> None:
    """In place of the curve of a classical model."""
    axes.text(
        0, 0.5, "The chosen trial was fitted at once. It has no epochs.",
        transform=axes.transAxes, va="center", color="#555555",
    )  # fmt: skip
    axes.axis("off")


def _draw_others(
    axes: Axes,
    history: pd.DataFrame,
    trials: pd.DataFrame,
    ranked: pd.DataFrame,
    choice: Choice,
    measure: str,
) -> None:
    others = [name for name in ranked["setting"] if name != choice.setting]
    column = f"validation_{measure}"
    trials_of = trials.groupby("setting", sort=False)["trial"].unique()
    known = set(history["trial"].unique())
    # A classical model has no epochs, and so no line to be named.
    others = [name for name in others if not known.isdisjoint(trials_of[name])]
    named = others[: LABELED - 1]
    rest = [trial for name in others[LABELED - 1 :] for trial in trials_of[name] if trial in known]
    if len(rest) > MAX_CURVES:
        _draw_quantiles(axes, history[history["trial"].isin(rest)], column)
        rest = []
    lines = [*reversed(named), choice.setting]
    shown = ranked[ranked["setting"].isin(lines)]
    labels = dict(zip(shown["setting"], shorten_all(shown["label"], 72), strict=True))
    wanted = {*rest, *(trial for name in lines for trial in trials_of.get(name, ()))}
    grouped = dict(iter(history[history["trial"].isin(wanted)].groupby("trial", sort=False)))
    for trial in rest:
        _line(axes, grouped[trial], column, color=LIGHT, linewidth=1.0, zorder=1)
    for setting in lines:
        if setting == choice.setting:
            look: dict[str, object] = {"color": CHOSEN, "linewidth": 3.0, "zorder": 4}
        else:
            rank = named.index(setting)
            style = "-" if rank < len(COLORS) else "--"
            look = {"color": COLORS[rank % len(COLORS)], "linewidth": 1.6, "linestyle": style,
                    "zorder": 3}  # fmt: skip
        label: str | None = labels[setting] + (" (chosen)" if setting == choice.setting else "")
        for trial in trials_of.get(setting, ()):
            if trial in grouped:
                _line(axes, grouped[trial], column, label=label, **look)
                label = None
    if len(others) > len(named):
        more = f"{plural(len(others) - len(named), 'further setting')}"
        if not rest:
            more += ": median, and the middle 50 % and 90 %"
        axes.plot([], [], color=LIGHT, linewidth=2, label=more)


def _draw_quantiles(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    """The median and two ranges of many curves, at each epoch of those that reach it."""
    finite = rows[np.isfinite(rows[column])]
    found = finite.groupby("position")[column].quantile([0.05, 0.25, 0.5, 0.75, 0.95]).unstack()
    for low, high, alpha in ((0.05, 0.95, 0.35), (0.25, 0.75, 0.6)):
        axes.fill_between(
            found.index, found[low], found[high], color=LIGHT, alpha=alpha, linewidth=0, zorder=1
        )
    axes.plot(found.index, found[0.5], color=GRAY, linewidth=1.2, zorder=2)


def _mark_diverged(axes: Axes, history: pd.DataFrame, trials: pd.DataFrame, column: str) -> None:
    """A cross at the last epoch with a value of each diverged trial."""
    diverged = trials.loc[trials["status"] == TrialStatus.DIVERGED, "trial"]
    rows = history[history["trial"].isin(diverged) & np.isfinite(history[column])]
    last = rows.groupby("trial").tail(1)
    if len(last):
        axes.scatter(
            last["position"], last[column], marker="x", color="#000000", s=50, zorder=5,
            label=f"diverged ({len(diverged)})",
        )  # fmt: skip


def _bound_losses(axes: Axes, history: pd.DataFrame, columns: list[str]) -> None:
    """Keep one exploding loss from pressing all other curves onto the axis."""
    values = history[columns].to_numpy(dtype=float).ravel()
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return
    top = float(np.quantile(values, 0.98))
    if values.max() > 3 * top:
        axes.set_ylim(0, top * 1.1)
    else:
        axes.set_ylim(bottom=0)


@styled
def learning_curves(
    trials: pd.DataFrame, history: pd.DataFrame, choice: Choice, title: str
) -> Figure:
    """Train and validation curves of the chosen trial, and validation curves of all trials.

    Left: the chosen trial; right: every setting, the chosen one and the seven best others
    named, the rest faint; more than 60 others are shown by their quantiles. An experiment with one
    setting has the left half only. Classical models have no epochs: one that is chosen has no left
    half; without any network there is no curve.
    """
    history = with_position(history)
    with_epochs = trials["trial"].isin(history["trial"])
    chosen_rows = history[history["trial"] == choice.trial]
    several = trials["trial"].nunique() > 1 and bool(with_epochs.any())
    columns = int(len(chosen_rows) > 0) + int(several)
    if not columns:
        figure = new_figure(8.5, 1.5)
        say_why_empty(figure.subplots())
        set_title(figure, title)
        return figure
    figure = new_figure(15 if columns == 2 else 8.5, 8.5)
    panels = figure.subplots(2, columns, squeeze=False, sharex="col")
    ranked = rank_settings(trials, choice) if several else trials
    for row, (measure, name) in enumerate(_MEASURES):
        if len(chosen_rows):
            _draw_chosen(panels[row, 0], chosen_rows, choice, measure)
            panels[row, 0].set_ylabel(name)
            panels[row, 0].legend(loc="best")
        if several:
            _draw_others(panels[row, -1], history, trials, ranked, choice, measure)
            _mark_diverged(panels[row, -1], history, trials, f"validation_{measure}")
            panels[row, -1].set_ylabel(f"validation {name}")
    if len(chosen_rows):
        _bound_losses(panels[1, 0], chosen_rows, ["loss", "validation_loss"])
        # In two steps the epochs of the second are counted from 1 again.
        step = " of the whole network" if chosen_rows["step"].nunique() > 1 else ""
        best = f"best epoch{step}: {choice.best_epoch:.0f}"
        panels[0, 0].set_title(f"Chosen trial ({best})", loc="left")
    if several:
        _bound_losses(panels[1, -1], history, ["validation_loss"])
        all_of = "All" if with_epochs.all() else "Networks among the"
        text = f"{all_of} {trials['trial'].nunique()} trials, validation"
        panels[0, -1].set_title(text, loc="left")
        _legend_below(figure, panels[0, -1])
    for axes in panels[1]:
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    set_title(figure, title)
    return figure


def _legend_below(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if not labels:
        return
    order = np.argsort([not text.endswith("(chosen)") for text in labels], kind="stable")
    figure.legend(
        [handles[i] for i in order], [labels[i] for i in order], loc="outside lower center",
        ncols=2 if max(map(len, labels)) > 30 else 3,
    )  # fmt: skip
