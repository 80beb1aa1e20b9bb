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
    choice: Choice,
    measure: str,
) -> None:
    ranked = rank_settings(trials, choice)
    labels = dict(zip(ranked["setting"], shorten_all(ranked["label"], 72), strict=True))
    others = [name for name in ranked["setting"] if name != choice.setting]
    column = f"validation_{measure}"
    by_setting = trials.set_index("trial")["setting"]
    grouped = dict(iter(history.groupby("trial", sort=False)))
    # A classical model has no epochs, and so no line to be named.
    drawn = set(by_setting[by_setting.index.isin(grouped)])
    others = [name for name in others if name in drawn]
    named = others[: LABELED - 1]
    for place, setting in enumerate([*others[LABELED - 1 :], *reversed(named), choice.setting]):
        faint = place < len(others) - len(named)
        look: dict[str, object] = {"color": LIGHT, "linewidth": 1.0, "zorder": 1}
        if setting == choice.setting:
            look = {"color": CHOSEN, "linewidth": 3.0, "zorder": 4}
        elif not faint:
            rank = named.index(setting)
            style = "-" if rank < len(COLORS) else "--"
            look = {"color": COLORS[rank % len(COLORS)], "linewidth": 1.6, "linestyle": style,
                    "zorder": 3}  # fmt: skip
        label = labels[setting] + (" (chosen)" if setting == choice.setting else "")
        for trial in by_setting[by_setting == setting].index:
            if trial in grouped:
                _line(axes, grouped[trial], column, label=None if faint else label, **look)
                label = None
    if len(others) > len(named):
        rest = f"{plural(len(others) - len(named), 'further setting')}"
        axes.plot([], [], color=LIGHT, linewidth=2, label=rest)


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
    named, the rest faint. An experiment with one setting has the left half only. Classical models
    have no epochs: one that is chosen has no left half; without any network there is no curve.
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
    for row, (measure, name) in enumerate(_MEASURES):
        if len(chosen_rows):
            _draw_chosen(panels[row, 0], chosen_rows, choice, measure)
            panels[row, 0].set_ylabel(name)
            panels[row, 0].legend(loc="best")
        if several:
            _draw_others(panels[row, -1], history, trials, choice, measure)
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
