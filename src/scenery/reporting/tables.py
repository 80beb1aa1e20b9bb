"""Tables as one HTML page: sortable, searchable, complete in itself, safe with any name."""

import base64
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from scenery.evaluation.columns import BY_NAME, Format, column_label, columns_of
from scenery.evaluation.result_tables import count_failed
from scenery.reporting.data_tables import (
    class_counts,
    duplicate_groups,
    findings,
    problem_files,
)
from scenery.reporting.labels import (
    accuracy,
    count,
    interval,
    is_missing,
    number,
    plural,
    setting_value,
)
from scenery.reporting.page_parts import SCRIPT, STYLE
from scenery.reporting.reading import setting_columns

# Longer tables are data, of which the page shows some rows at a time: a browser takes seconds to
# lay out ten thousand rows.
MAX_ELEMENTS = 1000


@dataclass(frozen=True)
class Picture:
    """A cell's value that is shown as a picture: the bytes of a JPEG file, and what it shows."""

    jpeg: bytes
    description: str

    @classmethod
    def of(cls, image: Image.Image, description: str) -> "Picture":
        """A picture of an RGB image."""
        return cls(as_jpeg(image), description)


def as_jpeg(image: Image.Image, quality: int = 85) -> bytes:
    """The bytes of a JPEG file of an RGB image; the quality is that of Pillow."""
    stream = BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


@dataclass(frozen=True)
class Cell:
    """What is shown and what is sorted by (a number, or None for the shown text)."""

    text: str
    order: float | None = None
    picture: Picture | None = None


@dataclass(frozen=True)
class HtmlTable:
    """A table on a page: title, a sentence about it, and its rows in the frame's order.

    `intervals` maps an accuracy column to the columns of its ends; those three become one.
    """

    title: str
    frame: pd.DataFrame
    subtitle: str = ""
    intervals: tuple[tuple[str, str, str], ...] = ()
    marked: str | None = None


def _cell(column: str, value: Any) -> Cell:
    if isinstance(value, Picture):
        return Cell("", picture=value)
    if is_missing(value):
        return Cell("")
    if isinstance(value, bool) or str(value) in ("True", "False"):
        return Cell("yes" if str(value) == "True" else "no")
    if isinstance(value, str):
        return Cell(value)
    record = BY_NAME.get(column)
    if record and record.format is Format.ACCURACY:
        return Cell(accuracy(value), float(value))
    if record and record.format is Format.COUNT and float(value).is_integer():
        return Cell(count(value), float(value))
    return Cell(number(float(value), 4), float(value))


def _cells(table: HtmlTable) -> tuple[list[str], list[list[Cell]], list[bool]]:
    """Heads, rows of cells, and which columns hold numbers."""
    joined = {value: (low, high) for value, low, high in table.intervals}
    ends = {end for pair in joined.values() for end in pair}
    columns = [c for c in map(str, table.frame.columns) if c not in ends and c != table.marked]
    heads = [column_label(c) + (" (95 % interval)" if c in joined else "") for c in columns]
    rows = []
    for _, row in table.frame.iterrows():
        cells = []
        for column in columns:
            cell = _cell(column, row[column])
            if column in joined and cell.text:
                low, high = joined[column]
                cell = Cell(interval(row[column], row[low], row[high]), cell.order)
            cells.append(cell)
        rows.append(cells)
    numeric = [
        any(row[place].order is not None for row in rows)
        and all(row[place].order is not None or not row[place].text for row in rows)
        for place in range(len(columns))
    ]
    return heads, rows, numeric


def _rendered(table: HtmlTable, number_on_page: int) -> str:
    heads, rows, numeric = _cells(table)
    marks = [False] * len(rows)
    if table.marked:
        marks = [bool(value) for value in table.frame[table.marked]]
    parts = [f"<section><h2>{html.escape(table.title)}</h2>"]
    if table.subtitle:
        parts.append(f"<p>{html.escape(table.subtitle)}</p>")
    if not rows:
        return "".join([*parts, "<p>None.</p></section>"])
    parts.append(
        f'<p><label>Search <input type="search" data-table="t{number_on_page}"></label> '
        f'<output data-table="t{number_on_page}">{len(rows)} of {len(rows)} rows</output></p>'
        f'<div class="scroll"><table id="t{number_on_page}"><thead><tr>'
    )
    for head, right in zip(heads, numeric, strict=True):
        look = ' class="number"' if right else ""
        button = f'<button type="button">{html.escape(head)}</button>'
        parts.append(f'<th scope="col"{look}>{button}</th>')
    parts.append("</tr></thead><tbody>")
    long = len(rows) > MAX_ELEMENTS and not any(cell.picture for row in rows for cell in row)
    if not long:
        parts += [_element(*row, numeric) for row in zip(rows, marks, strict=True)]
    parts.append("</tbody></table></div>")
    if long:
        parts.append(_as_data(rows, marks, number_on_page))
    return "".join([*parts, "</section>"])


def _element(cells: list[Cell], mark: bool, numeric: list[bool]) -> str:
    """A row as HTML."""
    parts = ['<tr class="marked">' if mark else "<tr>"]
    for cell, right in zip(cells, numeric, strict=True):
        look = ' class="number"' if right else ""
        order = "" if cell.order is None else f' data-order="{_order(cell.order)}"'
        text = html.escape(cell.text).replace("\n", "<br>")
        if cell.picture:
            text = _image(cell.picture)
        parts.append(f"<td{look}{order}>{text}</td>")
    return "".join([*parts, "</tr>"])


def _order(value: float) -> str:
    # JavaScript knows the infinite by another name.
    return repr(value).replace("inf", "Infinity")


def _as_data(rows: list[list[Cell]], marks: list[bool], number_on_page: int) -> str:
    """The rows as JSON: whether a row is marked, then its cells; numbers as text and value."""
    values = [
        [mark, *(c.text if c.order is None else [c.text, _order(c.order)] for c in cells)]
        for cells, mark in zip(rows, marks, strict=True)
    ]
    # No name can end the script.
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")
    name = f'data-table="t{number_on_page}"'
    return (
        f'<nav {name}><button type="button" data-step="-1">Previous rows</button> '
        f'<button type="button" data-step="1">Next rows</button></nav>'
        f'<script type="application/json" {name}>{text}</script>'
        f"<noscript><p>The {len(rows)} rows are shown by JavaScript.</p></noscript>"
    )


def _image(picture: Picture) -> str:
    data = base64.b64encode(picture.jpeg).decode("ascii")
    description = html.escape(picture.description)
    return f'<img src="data:image/jpeg;base64,{data}" alt="{description}">'


def page(title: str, tables: Sequence[HtmlTable], subtitle: str = "") -> str:
    """A whole HTML page with the tables one below the other; needs no network."""
    about = f"<p>{html.escape(subtitle)}</p>" if subtitle else ""
    body = "".join(_rendered(table, number) for number, table in enumerate(tables))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1>{about}{body}<script>{SCRIPT}</script></body></html>\n"
    )


def write_page(
    path: str | Path, title: str, tables: Sequence[HtmlTable], subtitle: str = ""
) -> None:
    """Write `page` as UTF-8."""
    Path(path).write_text(page(title, tables, subtitle), encoding="utf-8")


def trial_tables(trials: pd.DataFrame) -> list[HtmlTable]:
    """Trials with the settings that differ between them, and below what is common to all."""
    settings = setting_columns(trials)
    differing = [name for name in settings if trials[name].map(setting_value).nunique() > 1]
    before, after = (
        [column.name for column in columns_of("summary") if column.page == place]
        for place in ("before", "after")
    )
    columns = [name for name in (*before, *differing, *after) if name in trials]
    frame = trials[[*columns, "chosen"]].copy()
    for name in differing:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].map(setting_value)
    intervals = tuple(
        (f"{name}_accuracy", f"{name}_low", f"{name}_high")
        for name in ("corrected", "test")
        if f"{name}_accuracy" in frame
    )
    failed = count_failed(trials)
    subtitle = "Orange rows: the chosen setting. Accuracies from 0 to 1; intervals: 95 %."
    if "overfitting" in trials:
        subtitle += (
            " Gap: train minus validation accuracy at the best epoch. Overfitting: the train "
            "accuracy lies above the 95 % interval of the validation accuracy, so that chance "
            "among the validation images does not explain the gap; "
            f"{plural(int(trials['overfitting'].sum()), 'trial')} here."
        )
    if "undertrained" in trials:
        subtitle += (
            " Undertrained: more epochs would probably have helped; "
            f"{plural(int(trials['undertrained'].sum()), 'trial')} here."
        )
    if "unsteady" in trials:
        subtitle += (
            " Unsteady: the accuracy jumps from epoch to epoch, so the best epoch is partly luck; "
            f"{plural(int(trials['unsteady'].sum()), 'trial')} here."
        )
    if failed:
        subtitle += f" {failed} failed: they have a reason instead of a result."
    common = pd.DataFrame(
        [
            {"setting": column_label(name), "value": setting_value(trials[name].iloc[0])}
            for name in settings
            if name not in differing
        ]
    )
    return [
        HtmlTable(
            "Trials",
            frame,
            subtitle,
            intervals,
            marked="chosen",
        ),
        HtmlTable("The same in all trials", common),
    ]


def data_set_tables(catalogue: pd.DataFrame, split: pd.DataFrame) -> list[HtmlTable]:
    """What was found in the data set, counts per class, problems, duplicates."""
    groups = duplicate_groups(catalogue, split)
    flawed = groups[groups["leak"] | groups["conflict"]]
    others = groups[~(groups["leak"] | groups["conflict"])].drop(columns=["leak", "conflict"])
    return [
        HtmlTable("Found", pd.DataFrame(findings(catalogue, split), columns=["what", "number"])),
        HtmlTable("Images used, per class and partition", class_counts(split)),
        HtmlTable("Files with a problem", problem_files(catalogue)),
        HtmlTable(
            "Leaks and label conflicts",
            flawed,
            "Leak: the same picture in more than one partition. Conflict: under more than one "
            "class.",
        ),
        HtmlTable("Other duplicates", others),
    ]


def layer_tables(layers: pd.DataFrame) -> list[HtmlTable]:
    """The layers of a final model, and what each of its parts adds up to."""
    frame = layers.rename(columns={"layer_parameters": "parameters"})
    parts = (
        frame.groupby("part", sort=False)
        .agg(layers=("layer", "size"), parameters=("parameters", "sum"), output=("output", "last"))
        .reset_index()
    )
    subtitle = (
        "Receptive field: side of the square of input pixels that one cell of the output depends "
        "on, borders left out of account; infinite: the whole image. Stride: input pixels from "
        "one cell to the next. Output: height, width, channels."
    )
    return [HtmlTable("Parts", parts), HtmlTable("Layers", frame, subtitle)]


def layer_page(layers: pd.DataFrame, title: str) -> str:
    """The layers of a final model as an HTML page."""
    return page(title, layer_tables(layers))
