"""Tables as one HTML page: sortable, searchable, complete in itself, safe with any name."""

import base64
import html
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
from scenery.reporting.reading import setting_columns


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
    for cells, mark in zip(rows, marks, strict=True):
        parts.append('<tr class="marked">' if mark else "<tr>")
        for cell, right in zip(cells, numeric, strict=True):
            look = ' class="number"' if right else ""
            order = ""
            if cell.order is not None:
                # JavaScript knows the infinite by another name.
                order = f' data-order="{repr(cell.order).replace("inf", "Infinity")}"'
            text = html.escape(cell.text).replace("\n", "<br>")
            if cell.picture:
                text = _image(cell.picture)
            parts.append(f"<td{look}{order}>{text}</td>")
        parts.append("</tr>")
    parts.append("</tbody></table></div></section>")
    return "".join(parts)


def _image(picture: Picture) -> str:
    data = base64.b64encode(picture.jpeg).decode("ascii")
    description = html.escape(picture.description)
    return f'<img src="data:image/jpeg;base64,{data}" alt="{description}">'


_STYLE = """
body { font: 16px/1.45 system-ui, "DejaVu Sans", Arial, sans-serif; margin: 1.5rem; color: #111;
  background: #fff; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2rem; }
.scroll { overflow: auto; max-height: 85vh; border: 1px solid #ccc; }
table { border-collapse: collapse; font-size: 0.92rem; width: max-content; }
th { position: sticky; top: 0; background: #dce9f3; padding: 0; text-align: left; }
th button { font: inherit; font-weight: bold; background: none; border: 0; padding: 0.45rem 0.7rem;
  cursor: pointer; width: 100%; text-align: inherit; white-space: nowrap; color: inherit; }
th button:focus-visible { outline: 2px solid #0072b2; }
th[aria-sort="ascending"] button::after { content: " \\25B2"; }
th[aria-sort="descending"] button::after { content: " \\25BC"; }
td { padding: 0.35rem 0.7rem; border-top: 1px solid #e4e4e4; vertical-align: top;
  min-width: 3rem; max-width: 24rem; overflow-wrap: break-word; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tr.marked { background: #fbe9dd; font-weight: bold; }
tbody tr:hover { background: #f1f6fa; }
input { font: inherit; padding: 0.2rem 0.4rem; } output { color: #555; margin-left: 0.6rem; }
"""

_SCRIPT = """
"use strict";
function order(cell) {
  return cell.dataset.order === undefined ? null : Number(cell.dataset.order);
}
function compare(a, b) {
  const x = order(a), y = order(b), s = a.textContent, t = b.textContent;
  if ((s === "") !== (t === "")) return s === "" ? Infinity : -Infinity;
  if (x !== null && y !== null) return x - y;
  return s.localeCompare(t, undefined, {numeric: true});
}
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0], heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => head.firstChild.addEventListener("click", () => {
    const rising = head.getAttribute("aria-sort") !== "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const rows = Array.from(body.rows);
    rows.sort((a, b) => {
      const way = compare(a.cells[column], b.cells[column]);
      if (!Number.isFinite(way)) return way > 0 ? 1 : -1;
      return rising ? way : -way;
    });
    body.append(...rows);
  }));
}
for (const input of document.querySelectorAll("input[type=search]")) {
  const table = document.getElementById(input.dataset.table);
  const output = document.querySelector(`output[data-table=${input.dataset.table}]`);
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const text = Array.from(row.cells, (cell) => cell.innerText).join(" ").toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    output.textContent = `${shown} of ${table.tBodies[0].rows.length} rows`;
  });
}
"""


def page(title: str, tables: Sequence[HtmlTable], subtitle: str = "") -> str:
    """A whole HTML page with the tables one below the other; needs no network."""
    about = f"<p>{html.escape(subtitle)}</p>" if subtitle else ""
    body = "".join(_rendered(table, number) for number, table in enumerate(tables))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1>{about}{body}<script>{_SCRIPT}</script></body></html>\n"
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
