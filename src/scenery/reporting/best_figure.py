"""One 16:9 picture per experiment: the best result and its configuration."""

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scenery.evaluation.final_scores import chosen_score
from scenery.evaluation.result_tables import completed, count_failed
from scenery.reporting.configuration import configuration
from scenery.reporting.labels import accuracy, count, interval, plural, shorten
from scenery.reporting.learning_curves import say_why_empty, with_position
from scenery.reporting.reading import Choice
from scenery.reporting.style import BLUE, CHOSEN, GRAY, new_figure, styled


@styled
def best_figure(
    trials: pd.DataFrame,
    history: pd.DataFrame,
    choice: Choice,
    scores: pd.DataFrame,
    title: str,
) -> Figure:
    """Test accuracy with interval, where it stands among the trials, its curve, its settings."""
    figure = new_figure(16, 9)
    figure.set_layout_engine("none")
    heading = "\n".join(textwrap.wrap(shorten(title, 110), 62))
    figure.text(0.04, 0.95, heading, fontsize=28, fontweight="bold", va="top")
    below = 0.835 if "\n" in heading else 0.885
    figure.text(0.04, below, "Best result and its configuration", fontsize=20, va="top",
                color="#444444")  # fmt: skip
    _numbers(figure, trials, choice, chosen_score(scores))
    _strip(figure.add_axes((0.05, 0.40, 0.40, 0.11)), trials)
    _curve(figure.add_axes((0.07, 0.09, 0.38, 0.22)), history, choice)
    _settings(figure, choice)
    return figure


def _numbers(
    figure: Figure, trials: pd.DataFrame, choice: Choice, score: Mapping[str, Any]
) -> None:
    figure.text(0.04, 0.775, accuracy(score["test_accuracy"]), fontsize=58, fontweight="bold",
                color=CHOSEN, va="top")  # fmt: skip
    ends = interval(score["test_accuracy"], score["test_low"], score["test_high"]).split(" ")[-1]
    models = int(score["models"])
    right = [
        f"test accuracy {ends}" + (f", {models} models" if models > 1 else ""),
        f"95 % interval, {plural(int(score['test_images']), 'test image')}",
        f"trained on {plural(int(score['training_images']), 'image')}",
        f"validation accuracy {accuracy(choice.validation_accuracy)}"
        + (f", mean of {choice.repeats} repeats" if choice.repeats > 1 else ""),
        f"chosen from {plural(choice.candidates, 'setting')}",
        _trials(trials),
        f"rule: {choice.rule}",
    ]
    figure.text(0.225, 0.775, "\n".join(shorten(line, 38) for line in right), fontsize=14.5,
                va="top", linespacing=1.4)  # fmt: skip


def _trials(trials: pd.DataFrame) -> str:
    failed = count_failed(trials)
    return plural(len(trials), "trial") + (f", {failed} failed" if failed else "")


def _strip(axes: Axes, trials: pd.DataFrame) -> None:
    good = trials[completed(trials)]
    heights = np.random.default_rng(0).uniform(-0.3, 0.3, len(good))
    colors = np.where(good["chosen"], CHOSEN, GRAY)
    order = np.argsort(good["chosen"].to_numpy(), kind="stable")
    axes.scatter(
        good["validation_accuracy"].to_numpy()[order], heights[order], s=70, c=colors[order],
        alpha=0.85, linewidths=0,
    )  # fmt: skip
    axes.set_ylim(-0.6, 0.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_title("validation accuracy of every trial; orange: chosen", loc="left", fontsize=14)
    values = good["validation_accuracy"]
    if values.max() - values.min() < 0.002:
        axes.set_xlim(values.min() - 0.01, values.max() + 0.01)


def _curve(axes: Axes, history: pd.DataFrame, choice: Choice) -> None:
    rows = with_position(history[history["trial"] == choice.trial])
    if rows.empty:
        say_why_empty(axes)
        return
    marker = "o" if len(rows) == 1 else ""
    axes.plot(
        rows["position"],
        rows["accuracy"],
        "--",
        color=BLUE,
        marker=marker,
        label="train",
    )
    axes.plot(rows["position"], rows["validation_accuracy"], color=CHOSEN, marker=marker,
              label="validation")  # fmt: skip
    axes.set_xlabel("epoch")
    axes.set_title("accuracy of the chosen trial", loc="left", fontsize=14)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.legend(loc="lower right")


def _settings(figure: Figure, choice: Choice) -> None:
    """Two columns of text on the right half: setting and value, varied ones in color."""
    rows = configuration(choice.settings, choice.varied)
    rows.append(("parameters", count(choice.parameters), False))
    wrapped = [(label, textwrap.wrap(value, 40)[:3] or ["none"], tried)
               for label, value, tried in rows]  # fmt: skip
    lines = sum(len(value) for _, value, _ in wrapped)
    step = min(0.7 / (lines + 0.5 * len(wrapped)), 0.036)
    size = min(15.0, step * figure.get_figheight() * 72 / 1.35)
    height = 0.775
    for label, value, tried in wrapped:
        color, weight = (CHOSEN, "bold") if tried else ("black", "normal")
        figure.text(0.50, height, shorten(label, 24), fontsize=size, va="top", color="#555555")
        for line in value:
            figure.text(0.66, height, shorten(line, 42), fontsize=size, va="top", color=color,
                        fontweight=weight)  # fmt: skip
            height -= step
        height -= 0.5 * step
    figure.text(0.50, 0.03, "in orange: what this experiment varied", fontsize=12,
                color="#555555")  # fmt: skip
