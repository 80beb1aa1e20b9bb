"""Slides as a PDF: text stays text, tables and charts are vectors."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from PIL import Image

from scenery.reporting.fonts import fallback_fonts
from scenery.reporting.slides import (
    CELL_PADDING,
    HEIGHT,
    LINE,
    WIDTH,
    Chart,
    Curves,
    Drawing,
    Grid,
    Item,
    Picture,
    Rule,
    Slide,
    Text,
    cut_to,
    lay_out,
    text_width,
)
from scenery.reporting.style import BLUE, CHOSEN, COLORS, styled

DOTS_PER_INCH = 200
LINE_COLORS, LINE_STYLES = (BLUE, CHOSEN), ("--", "-")
TEXT_COLORS = {
    "subtitle": "#444444",
    "note": "#444444",
    "footer": "#666666",
    "number": "#666666",
}


@styled
def write_pdf(slides: Sequence[Slide], path: str | Path, footer: str) -> None:
    """One page of 13.333 by 7.5 inches per slide; the same bytes for the same slides."""
    title = slides[0].title if slides else ""
    metadata = {"Title": title, "CreationDate": None, "ModDate": None, "Producer": None}
    with PdfPages(path, metadata=metadata) as pages:
        for number, slide in enumerate(slides, start=1):
            figure = draw_slide(lay_out(slide, footer, number))
            with fallback_fonts(figure):
                pages.savefig(figure, dpi=DOTS_PER_INCH)


@styled
def draw_slide(items: list[Item]) -> Figure:
    """The placed items of one slide as a figure of the page's size."""
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    for item in items:
        if isinstance(item, Text):
            _draw_text(figure, item)
        elif isinstance(item, Rule):
            _draw_rule(figure, item)
        elif isinstance(item, Grid):
            _draw_grid(figure, item)
        elif isinstance(item, Picture):
            _draw_picture(figure, item)
        elif isinstance(item.chart, Curves):
            _draw_curves(figure, item, item.chart)
        elif item.chart.upright:
            _draw_columns(figure, item, item.chart)
        else:
            _draw_bars(figure, item, item.chart)
    return figure


def _say(figure: Figure, left: float, top: float, text: str, size: float, **look: Any) -> None:
    """One line; `top` is the upper end of its letters' line."""
    baseline = top + size / 72 * 0.95
    figure.text(left / WIDTH, 1 - baseline / HEIGHT, text, fontsize=size, va="baseline", **look)


def _draw_text(figure: Figure, item: Text) -> None:
    weight = "bold" if item.kind == "title" else "normal"
    color = TEXT_COLORS.get(item.kind, "black")
    step, top = item.size / 72 * LINE, item.top
    if item.kind == "title":
        number = sum(len(lines) for lines in item.paragraphs)
        top += max(item.height - number * step, 0) / 2
    for lines in item.paragraphs:
        if item.kind == "bullets":
            _say(figure, item.left + 0.08, top, "\u2022", item.size, color=BLUE)
        for line in lines:
            left = item.left + (0.35 if item.kind == "bullets" else 0.05)
            align = "left"
            if item.kind == "number":
                left, align = item.left + item.width, "right"
            _say(
                figure,
                left,
                top,
                line,
                item.size,
                fontweight=weight,
                color=color,
                ha=align,
            )
            top += step
        top += 0.45 * item.size / 72


def _draw_rule(figure: Figure, item: Rule) -> None:
    figure.add_artist(Rectangle(_box(item)[:2], *_box(item)[2:], color=BLUE, linewidth=0))


def _draw_grid(figure: Figure, item: Grid) -> None:
    for number, cells in enumerate([item.head, *item.rows]):
        top = item.top + number * item.row_height
        marked = number - 1 in item.table.marked
        fill = "#DCE9F3" if number == 0 else "#FBE9DD" if marked else None
        low = 1 - (top + item.row_height) / HEIGHT
        if fill:
            figure.add_artist(
                Rectangle((item.left / WIDTH, low), item.width / WIDTH, item.row_height / HEIGHT,
                          facecolor=fill, linewidth=0, zorder=0)
            )  # fmt: skip
        figure.add_artist(
            Rectangle((item.left / WIDTH, low), item.width / WIDTH, 0.001, color="#CCCCCC",
                      linewidth=0)
        )  # fmt: skip
        left = item.left
        for column, (text, width) in enumerate(zip(cells, item.widths, strict=True)):
            right = column in item.table.numeric
            place = left + width - CELL_PADDING if right else left + CELL_PADDING
            _say(figure, place, top + (item.row_height - item.size / 72 * 1.2) / 2, text, item.size,
                 ha="right" if right else "left",
                 fontweight="bold" if number == 0 or marked else "normal")  # fmt: skip
            left += width


def _draw_picture(figure: Figure, item: Picture) -> None:
    with Image.open(item.path) as image:
        shown = image.convert("RGB")
        most = (round(item.width * DOTS_PER_INCH), round(item.height * DOTS_PER_INCH))
        # Resampling gives an image of 256 colors thousands of them, and so a larger file.
        if shown.width > 2 * most[0]:
            shown.thumbnail(most, Image.Resampling.LANCZOS)
        pixels = np.asarray(shown)
    axes = figure.add_axes(_box(item))
    axes.imshow(pixels, aspect="auto", interpolation="none")
    axes.set_axis_off()


def _box(item: Picture | Drawing | Rule) -> tuple[float, float, float, float]:
    bottom = 1 - (item.top + item.height) / HEIGHT
    return item.left / WIDTH, bottom, item.width / WIDTH, item.height / HEIGHT


def label_size(categories: int) -> float:
    """Font size of the names of a chart's categories, in points."""
    return 13 if categories <= 12 else 10 if categories <= 24 else 8


def _draw_curves(figure: Figure, item: Drawing, chart: Curves) -> None:
    axes = figure.add_axes(
        ((item.left + 0.85) / WIDTH, 1 - (item.top + item.height - 0.7) / HEIGHT,
         (item.width - 1.1) / WIDTH, (item.height - 1.15) / HEIGHT)
    )  # fmt: skip
    for number, (name, values) in enumerate(chart.series):
        shown = [float("nan") if value is None else value for value in values]
        axes.plot(chart.places, shown, LINE_STYLES[number], color=LINE_COLORS[number], label=name,
                  linewidth=3, marker="o" if len(shown) == 1 else "")  # fmt: skip
    axes.set_ylim(chart.lowest, chart.highest)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_xlabel(chart.across, fontsize=14)
    axes.set_ylabel(chart.up, fontsize=14)
    letters = 14 if item.width > 4.5 else 11
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=letters,
                columnspacing=1.2, handlelength=1.8)  # fmt: skip


def _draw_columns(figure: Figure, item: Drawing, chart: Chart) -> None:
    """Upright stacked bars, their names below and turned."""
    size = 12 if len(chart.categories) <= 24 else 10
    names = [cut_to(name, 1.5, size) for name in chart.categories]
    axes = figure.add_axes(
        ((item.left + 0.85) / WIDTH, 1 - (item.top + item.height - 1.75) / HEIGHT,
         (item.width - 0.95) / WIDTH, (item.height - 2.2) / HEIGHT)
    )  # fmt: skip
    start = np.zeros(len(names))
    for number, (name, values) in enumerate(chart.series):
        heights = np.asarray(values, dtype=float)
        axes.bar(range(len(names)), heights, 0.8, bottom=start, color=COLORS[number], label=name)
        start += heights
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.grid(False, axis="x")
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel(chart.axis)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=13)


def _draw_bars(figure: Figure, item: Drawing, chart: Chart) -> None:
    size = label_size(len(chart.categories))
    names = [cut_to(name, item.width * 0.36, size) for name in chart.categories]
    inset = max(text_width(name, size) for name in names) + 0.2
    axes = figure.add_axes(
        ((item.left + inset) / WIDTH, 1 - (item.top + item.height - 0.7) / HEIGHT,
         (item.width - inset - 0.5) / WIDTH, (item.height - 1.15) / HEIGHT)
    )  # fmt: skip
    places = np.arange(len(names), dtype=float)
    colors = (BLUE, CHOSEN) if not chart.stacked else COLORS
    start = np.zeros(len(names))
    each = 0.8 if chart.stacked else 0.8 / len(chart.series)
    for number, (name, values) in enumerate(chart.series):
        shift = 0.0 if chart.stacked else (number - (len(chart.series) - 1) / 2) * each
        heights = np.asarray(values, dtype=float)
        axes.barh(places + shift, heights, each * 0.92, left=start, color=colors[number],
                  label=name)  # fmt: skip
        if chart.stacked:
            start += heights
    if chart.low:
        ends = np.asarray(chart.series[-1][1], dtype=float)
        reach = np.clip([ends - np.asarray(chart.low), np.asarray(chart.high) - ends], 0, None)
        axes.errorbar(ends, places + shift, xerr=reach, fmt="none", ecolor="black", capsize=3,
                      elinewidth=1.4)  # fmt: skip
    if not chart.stacked:
        axes.set_xlim(0, 1)
    axes.set_yticks(places, names, fontsize=size)
    axes.set_ylim(len(names) - 0.45, -0.55)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(chart.axis)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, fontsize=13)
