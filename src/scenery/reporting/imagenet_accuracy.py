"""Published accuracy on ImageNet against the accuracy of the study."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from scenery.evaluation.intervals import repeats_interval
from scenery.evaluation.result_tables import completed
from scenery.reporting.labels import accuracy
from scenery.reporting.ranking import tried
from scenery.reporting.reading import Choice
from scenery.reporting.style import BLUE, CHOSEN, new_figure, set_title, styled


def imagenet_accuracy_rows(trials: pd.DataFrame, top_1: Mapping[str, float]) -> pd.DataFrame:
    """The most accurate setting of each backbone with ImageNet weights, by published accuracy.

    Columns: backbone, top_1 (percent), setting, validation_accuracy (mean over repeats), repeats
    (their accuracies), chosen.
    """
    good = trials[
        completed(trials) & (trials["weights"] == "imagenet") & trials["backbone"].isin(top_1)
    ]
    if "network.alpha" in good:
        # Published accuracies are those of the width 1, which other networks have too.
        good = good[good["network.alpha"].fillna(1.0) == 1]
    means = good.groupby(["backbone", "setting"], sort=False, as_index=False).agg(
        validation_accuracy=("validation_accuracy", "mean"),
        repeats=("validation_accuracy", list),
        chosen=("chosen", "any"),
    )
    best = means.sort_values("validation_accuracy", ascending=False, kind="stable")
    best = best.drop_duplicates("backbone")
    best["top_1"] = best["backbone"].map(dict(top_1))
    return best.sort_values(["top_1", "backbone"]).reset_index(drop=True)


@styled
def imagenet_accuracy_figure(
    trials: pd.DataFrame, choice: Choice, title: str, top_1: Mapping[str, float]
) -> Figure:
    """Validation accuracy (95 % interval) against published top-1 accuracy on ImageNet."""
    rows = imagenet_accuracy_rows(trials, top_1)
    figure = new_figure(11, 7)
    axes = figure.subplots()
    for row in rows.to_dict("records"):
        low, high = repeats_interval(row["repeats"], choice.validation_images)
        value = row["validation_accuracy"]
        axes.errorbar(
            row["top_1"], value, yerr=np.clip([[value - low], [high - value]], 0, None), fmt="o",
            capsize=4, markersize=8, color=CHOSEN if row["chosen"] else BLUE,
        )  # fmt: skip
        axes.annotate(f"{row['backbone']}\n{accuracy(value)}", (row["top_1"], value), fontsize=10,
                      xytext=(8, 0), textcoords="offset points", va="center")  # fmt: skip
    axes.margins(x=0.2)
    label = "published top-1 accuracy on ImageNet (%)"
    if len(rows) > 2 and rows[["top_1", "validation_accuracy"]].nunique().min() > 1:
        rank = spearmanr(rows["top_1"], rows["validation_accuracy"]).statistic
        label += f"; Spearman's rank correlation {rank:.2f}"
    axes.set_xlabel(label)
    axes.set_ylabel("validation accuracy")
    subtitle = f"{tried(trials)}; bars: 95 % interval, {choice.validation_images} validation images"
    set_title(figure, title, subtitle)
    return figure
