"""The price of leakage: accuracy in folds that keep groups whole and in folds that part them."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from scenery.evaluation.paired import LEVEL
from scenery.reporting.labels import accuracy, plural, shorten
from scenery.reporting.style import BLUE, GRAY, VERMILLION, new_figure, set_title, styled

KINDS = (
    ("grouped", "o", BLUE, "groups whole"),
    ("ungrouped", "D", VERMILLION, "groups parted"),
)


@styled
def leakage_figure(all_grouping: Mapping[str, pd.DataFrame], titles: Mapping[str, str]) -> Figure:
    """One row for each experiment; both arguments are by experiment."""
    rows = [table.iloc[0] for table in all_grouping.values()]
    figure = new_figure(12, max(3.6, 2.4 + 0.7 * len(rows)))
    axes = figure.subplots()
    for number, (kind, marker, color, label) in enumerate(KINDS):
        values = np.array([row[f"{kind}_accuracy"] for row in rows])
        ends = [np.array([row[f"{kind}_{end}"] for row in rows]) for end in ("low", "high")]
        reach = np.clip([values - ends[0], ends[1] - values], 0, None) if rows else None
        places = np.arange(len(rows)) + 0.24 * number - 0.12
        axes.errorbar(values, places, xerr=reach, fmt=marker, color=color, capsize=4,
                      markersize=8, label=label)  # fmt: skip
    for place, row in enumerate(rows):
        clear = row["p_value"] < LEVEL
        text = f"{row['difference']:+.3f}" + ("" if clear else ", no difference shown")
        axes.text(1.01, place, text, transform=axes.get_yaxis_transform(), va="center",
                  color="black" if clear else GRAY)  # fmt: skip
    names = [str(titles.get(row["experiment"], row["experiment"])) for row in rows]
    axes.set_yticks(range(len(rows)), [shorten(name, 40) for name in names])
    axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
    axes.set_xlabel("accuracy on held-out images")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.2)
    set_title(figure, "The price of leakage", _subtitle(rows))
    return figure


def _subtitle(rows: list[pd.Series]) -> str:
    if not rows:
        return "no experiment chose a setting on features of a frozen backbone"
    first = rows[0]
    images, groups = int(first["images"]), int(first["independent_images"])
    if images == groups:
        return f"{plural(images, 'image')}, none of which form a group: there is nothing to part"
    worst = max(rows, key=lambda row: float(row["difference"]))
    return (
        f"{plural(images, 'image')} in {plural(groups, 'group')}; parted groups promise "
        f"{accuracy(worst['ungrouped_accuracy'])}, new groups give "
        f"{accuracy(worst['grouped_accuracy'])}"
    )
