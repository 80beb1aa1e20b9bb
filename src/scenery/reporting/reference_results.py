"""Reference results beside ours, as a slide table and as a page table."""

import pandas as pd

from scenery.reporting.labels import accuracy, is_missing, plural, short_count
from scenery.reporting.slides import Table
from scenery.reporting.tables import HtmlTable

NOT_RUN = "not run"


def reference_results_slide_table(reference: pd.DataFrame) -> Table:
    """Published numbers and ours as a slide's table."""
    sized = reference["reference_parameters"].notna().any()
    head = ["setting", "published", "ours (validation)", "difference"]
    head += ["parameters published", "ours"] if sized else []
    rows = []
    for _, row in reference.iterrows():
        missing = is_missing(row["validation_accuracy"])
        cells = [str(row["name"]), accuracy(row["reference_accuracy"])]
        cells += [NOT_RUN if missing else accuracy(row["validation_accuracy"])]
        cells += ["" if missing else f"{row['difference']:+.3f}"]
        if sized:
            sizes = (row["reference_parameters"], row["parameters"])
            cells += ["" if is_missing(size) else short_count(size) for size in sizes]
        rows.append(cells)
    return Table(
        head=head,
        rows=rows,
        note="other images, other split: a difference has more than one reason",
        numeric=frozenset(range(1, len(head))),
    )


def reference_results_page_table(reference: pd.DataFrame) -> HtmlTable:
    """Published numbers and ours as a table of an HTML page."""
    shown = ["name", "reference_accuracy", "validation_accuracy", "low", "high", "difference",
             "reference_parameters", "parameters"]  # fmt: skip
    return HtmlTable(
        "Published numbers and ours",
        reference[shown],
        f"{source_note(reference)} Ours: validation accuracy, a mean over repeats.",
        (("validation_accuracy", "low", "high"),),
    )


def source_note(reference: pd.DataFrame) -> str:
    """Where the numbers stand, and how many have a counterpart here."""
    there = int(reference["validation_accuracy"].notna().sum())
    # The source is last, since the end is cut where the line is too long.
    text = f"Published in: {'; '.join(dict.fromkeys(reference['source']))}."
    if there == len(reference):
        return text
    return f"{there} of {plural(len(reference), 'number')} have a counterpart here. {text}"
