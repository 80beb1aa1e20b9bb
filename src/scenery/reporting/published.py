"""Published numbers beside ours: one row for each of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from scenery.evaluation.intervals import wilson
from scenery.reporting.ranking import completed
from scenery.reporting.slides import Table
from scenery.reporting.tables import HtmlTable
from scenery.reporting.words import accuracy, is_missing, plural, short_count

COLUMNS = (
    "name", "setting", "published_accuracy", "validation_accuracy", "low", "high", "difference",
    "published_parameters", "parameters", "trials", "source",
)  # fmt: skip
NOT_RUN = "not run"


def side_by_side(
    trials: pd.DataFrame, rows: Sequence[Mapping[str, Any]], images: int
) -> pd.DataFrame:
    """Published numbers with what the same settings gave here.

    Args:
        trials: An experiment's trials.csv.
        rows: One a published number: name, setting (empty: the one chosen), accuracy, parameters,
            source.
        images: Validation images.

    Returns:
        COLUMNS, in the order of the config. Ours is the mean over the repeats that completed,
        with its 95 % Wilson interval; empty where nothing here has that setting.
    """
    chosen = trials.loc[trials["chosen"], "setting"].head(1).tolist()
    good = trials[completed(trials)]
    found = []
    for row in rows:
        setting = row["setting"] or chosen[0]
        ours = good[good["setting"] == setting]
        value = float(ours["validation_accuracy"].mean()) if len(ours) else None
        low, high = wilson(value, images) if value is not None else (None, None)
        found.append(
            {
                "name": row["name"],
                "setting": setting,
                "published_accuracy": row["accuracy"],
                "validation_accuracy": value,
                "low": low,
                "high": high,
                "difference": None if value is None else value - row["accuracy"],
                "published_parameters": row["parameters"],
                "parameters": ours["parameters"].iloc[0] if len(ours) else None,
                "trials": len(ours),
                "source": row["source"],
            }
        )
    return pd.DataFrame(found, columns=list(COLUMNS))


def published_table(published: pd.DataFrame) -> Table:
    """Published numbers and ours as a slide's table."""
    sized = published["published_parameters"].notna().any()
    head = ["setting", "published", "ours (validation)", "difference"]
    head += ["parameters published", "ours"] if sized else []
    rows = []
    for _, row in published.iterrows():
        missing = is_missing(row["validation_accuracy"])
        cells = [str(row["name"]), accuracy(row["published_accuracy"])]
        cells += [NOT_RUN if missing else accuracy(row["validation_accuracy"])]
        cells += ["" if missing else f"{row['difference']:+.3f}"]
        if sized:
            sizes = (row["published_parameters"], row["parameters"])
            cells += ["" if is_missing(size) else short_count(size) for size in sizes]
        rows.append(cells)
    return Table(
        head=head,
        rows=rows,
        note="other images, other split: a difference has more than one reason",
        numeric=frozenset(range(1, len(head))),
    )


def published_page_table(published: pd.DataFrame) -> HtmlTable:
    """Published numbers and ours as a table of an HTML page."""
    shown = ["name", "published_accuracy", "validation_accuracy", "low", "high", "difference",
             "published_parameters", "parameters"]  # fmt: skip
    return HtmlTable(
        "Published numbers and ours",
        published[shown],
        f"{in_words(published)} Ours: validation accuracy, a mean over repeats.",
        (("validation_accuracy", "low", "high"),),
    )


def in_words(published: pd.DataFrame) -> str:
    """Where the numbers stand, and how many have a counterpart here."""
    there = int(published["validation_accuracy"].notna().sum())
    # The source is last: what is cut where there is no room.
    text = f"Published in: {'; '.join(dict.fromkeys(published['source']))}."
    if there == len(published):
        return text
    return f"{there} of {plural(len(published), 'number')} have a counterpart here. {text}"
