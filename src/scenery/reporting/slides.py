"""What a slide holds, and where it goes: one layout for the PDF and the PPTX.

Lengths are inches on a 16:9 page of 13.333 by 7.5, letters are points. Text is measured before it
is placed, with a font wider than the one of the PPTX, so that it fits in both.
"""

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
from PIL import Image, ImageFont

WIDTH, HEIGHT = 13.333, 7.5
LEFT, RIGHT = 0.6, WIDTH - 0.6
TOP, BOTTOM = 1.6, 6.85
GAP = 0.2
LINE = 1.25
TITLE_SIZES = (30, 28, 26, 24, 22, 20)
# Of bullets that have slides of their own: 1/30 of the height of a slide.
READABLE = 18
BULLET_SIZES = (22, 20, 18, 16, 14, 13)
TABLE_SIZES = (16, 15, 14, 13, 12)
# Height of a row as a multiple of the letters.
ROW = 1.4
NOTE_SIZE = 12
FOOTER_SIZE = 11
CELL_PADDING = 0.08


@dataclass(frozen=True)
class Table:
    """Texts in rows under a head; `marked` rows are emphasised; `note` stands below."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: frozenset[int] = frozenset()
    note: str = ""
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Chart:
    """Bars, lying unless `upright`: one group per category, one color per series.

    `stacked` puts the series end to end. `low` and `high` are the ends of intervals around the
    last series, one per category.
    """

    categories: Sequence[str]
    series: Sequence[tuple[str, Sequence[float]]]
    axis: str
    stacked: bool = False
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    number_format: str = "0"
    upright: bool = False


@dataclass(frozen=True)
class Curves:
    """Lines over a common axis, such as accuracy over epochs; None leaves a gap."""

    places: Sequence[float]
    series: Sequence[tuple[str, Sequence[float | None]]]
    across: str
    up: str
    lowest: float
    highest: float


@dataclass(frozen=True)
class Slide:
    """The content of one slide; what is empty takes no space.

    `second` is a second chart beside `chart`.
    """

    title: str
    subtitle: str = ""
    bullets: Sequence[str] = ()
    table: Table | None = None
    figure: Path | None = None
    chart: Chart | Curves | None = None
    second: Curves | None = None
    notes: str = ""
    opening: bool = False


@dataclass(frozen=True)
class Text:
    """Lines of text in a box, already broken to its width."""

    kind: str
    left: float
    top: float
    width: float
    height: float
    paragraphs: list[list[str]]
    size: float


@dataclass(frozen=True)
class Grid:
    """A table in its place: texts shortened to their columns."""

    left: float
    top: float
    width: float
    height: float
    widths: list[float]
    row_height: float
    size: float
    table: Table
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Picture:
    """A picture file, scaled without distortion."""

    left: float
    top: float
    width: float
    height: float
    path: Path


@dataclass(frozen=True)
class Drawing:
    """A chart in its place."""

    left: float
    top: float
    width: float
    height: float
    chart: Chart | Curves


@dataclass(frozen=True)
class Rule:
    """The line under a title."""

    left: float
    top: float
    width: float
    height: float


Item = Text | Rule | Grid | Picture | Drawing


@functools.cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts/ttf", name)), 100)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Width of a line in inches. Letters that the font lacks count as one em."""
    wide = [c for c in text if unicodedata.east_asian_width(c) in "WF"]
    narrow = "".join(c for c in text if unicodedata.east_asian_width(c) not in "WF")
    return (_font(bold).getlength(narrow) / 100 + len(wide)) * size / 72


def cut_to(text: str, width: float, size: float, bold: bool = False) -> str:
    """The text on one line of at most so many inches, an ellipsis for what is missing."""
    text = " ".join(text.split())
    if text_width(text, size, bold) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle] + "\u2026", size, bold) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "\u2026"


def wrap(text: str, width: float, size: float, bold: bool = False) -> list[str]:
    """Lines of at most so many inches; a word longer than a line is broken anywhere."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if text_width(longer, size, bold) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        while text_width(word, size, bold) > width:
            kept = next(
                n for n in range(len(word), 0, -1)
                if n == 1 or text_width(word[:n], size, bold) <= width
            )  # fmt: skip
            lines.append(word[:kept])
            word = word[kept:]
        line = word
    return [*lines, line] if line or not lines else lines


def fit(
    paragraphs: Sequence[str],
    width: float,
    height: float,
    sizes: Sequence[float],
    bold: bool = False,
) -> tuple[list[list[str]], float]:
    """Paragraphs as lines in the largest size that fits the box.

    In the smallest size, what does not fit is cut: the last line that does ends in an ellipsis.
    """
    for size in sizes:
        broken = [wrap(text, width, size, bold) for text in paragraphs]
        if _text_height(broken, size) <= height:
            return broken, size
    size = sizes[-1]
    kept: list[list[str]] = []
    for lines in broken:
        for count in range(len(lines), 0, -1):
            if _text_height([*kept, lines[:count]], size) <= height:
                kept.append(lines[:count])
                break
        if kept and kept[-1] != lines:
            kept[-1][-1] = cut_to(kept[-1][-1] + " " + "\u2026" * 40, width, size, bold)
            kept[-1][-1] = kept[-1][-1].rstrip(" \u2026") + "\u2026"
            break
        if not kept:
            break
    return kept, size


def _text_height(paragraphs: list[list[str]], size: float) -> float:
    lines = sum(len(lines) for lines in paragraphs)
    return (lines * LINE + 0.45 * max(len(paragraphs) - 1, 0)) * size / 72


def place_table(table: Table, left: float, top: float, width: float, height: float) -> Grid:
    """A table in a box: the largest letters that fit; then cells are shortened and rows left out.

    Marked rows are left out last.
    """
    note = 0.3 if table.note else 0.0
    for size in TABLE_SIZES:
        row_height = size / 72 * ROW
        needed = _column_widths(table, size)
        fits_down = row_height * (len(table.rows) + 1) <= height - note
        # A long name is rather cut than all letters made small for it.
        most = (0.4 if len(needed) > 2 else 0.62) * width
        if fits_down and sum(min(one, most) for one in needed) <= width:
            break
    if row_height * (len(table.rows) + 1) > height - note:
        # A note says what is left out. It needs a line.
        table = _with_fewer_rows(table, int((height - 0.3) / row_height) - 1)
    widths = _shares(needed, width)
    inner = [one - 2 * CELL_PADDING for one in widths]
    head = [cut_to(a, b, size, True) for a, b in zip(table.head, inner, strict=True)]
    rows = [
        [cut_to(a, b, size, number in table.marked) for a, b in zip(row, inner, strict=True)]
        for number, row in enumerate(table.rows)
    ]
    return Grid(left, top, sum(widths), row_height * (len(rows) + 1), widths, row_height, size,
                table, head, rows)  # fmt: skip


def _with_fewer_rows(table: Table, shown: int) -> Table:
    """The first rows of a table, but marked rows before others, and how many are left out."""
    by_weight = sorted(range(len(table.rows)), key=lambda row: (row not in table.marked, row))
    kept = sorted(by_weight[:shown])
    marked = frozenset(place for place, row in enumerate(kept) if row in table.marked)
    left_out = f"{len(table.rows) - len(kept)} more rows"
    note = "; ".join(filter(None, (table.note, left_out)))
    return Table(table.head, [table.rows[row] for row in kept], marked, note, table.numeric)


def _column_widths(table: Table, size: float) -> list[float]:
    columns = zip(table.head, *table.rows, strict=True)
    return [
        max(text_width(text, size, True) for text in column) + 2 * CELL_PADDING + 0.05
        for column in columns
    ]


def _shares(needed: list[float], width: float) -> list[float]:
    """Column widths that sum to at most the width; the widest columns give way first."""
    if sum(needed) <= width:
        spare = (width - sum(needed)) * 0.5 / len(needed)
        return [one + spare for one in needed]
    low, high = 0.0, max(needed)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if sum(min(n, middle) for n in needed) <= width else (low, middle)
        )
    return [min(one, low) for one in needed]


def _place_picture(path: Path, left: float, top: float, width: float, height: float) -> Picture:
    with Image.open(path) as image:
        scale = min(width / image.width, height / image.height)
        size = image.width * scale, image.height * scale
    return Picture(
        left + (width - size[0]) / 2,
        top + (height - size[1]) / 2,
        size[0],
        size[1],
        path,
    )


def readable_pages(bullets: Sequence[str]) -> list[list[str]]:
    """Bullets for as many slides as they need in letters that can be read from afar."""
    pages: list[list[str]] = [[]]
    for bullet in bullets:
        lines = [wrap(text, RIGHT - LEFT - 0.5, READABLE) for text in (*pages[-1], bullet)]
        if pages[-1] and _text_height(lines, READABLE) > BOTTOM - TOP:
            pages.append([])
        pages[-1].append(bullet)
    return pages


def lay_out(slide: Slide, footer: str, number: int) -> list[Item]:
    """Where everything on a slide goes; nothing overlaps and nothing leaves the page."""
    width = RIGHT - LEFT
    top_of_title, height_of_title = (2.0, 1.7) if slide.opening else (0.35, 1.05)
    sizes = (44, 40, 36, 32, 28, 24) if slide.opening else TITLE_SIZES
    title, size = fit([slide.title], width - 0.2, height_of_title - 0.12, sizes, bold=True)
    items: list[Item] = [
        Text("title", LEFT, top_of_title, width, height_of_title, title, size),
        Rule(LEFT, top_of_title + height_of_title + 0.02, width, 0.03),
    ]
    top = 3.9 if slide.opening else TOP
    if slide.subtitle:
        lines, size = fit([slide.subtitle], width - 0.2, 0.4, (18, 16, 14, 12))
        items.append(Text("subtitle", LEFT, top, width, 0.42, lines, size))
        top += 0.55
    top = _place_bullets(slide, items, top, width)
    _place_body(slide, items, top, width)
    foot = cut_to(footer, width - 1.2, FOOTER_SIZE)
    items.append(Text("footer", LEFT, 7.0, width - 1.0, 0.3, [[foot]], FOOTER_SIZE))
    items.append(Text("number", RIGHT - 0.9, 7.0, 0.9, 0.3, [[str(number)]], FOOTER_SIZE))
    return items


def _place_bullets(slide: Slide, items: list[Item], top: float, width: float) -> float:
    """Bullets over the full width; beside other content they take 40 % of the height at most."""
    if not slide.bullets:
        return top
    alone = not (slide.table or slide.figure or slide.chart)
    available = (BOTTOM - top) * (1.0 if alone else 0.4)
    sizes = BULLET_SIZES if alone else BULLET_SIZES[2:]
    paragraphs, size = fit(list(slide.bullets), width - 0.5, available, sizes)
    height = min(_text_height(paragraphs, size) + 0.05, available)
    items.append(Text("bullets", LEFT, top, width, height, paragraphs, size))
    return top + height + GAP


def _place_body(slide: Slide, items: list[Item], top: float, width: float) -> None:
    """Picture or chart at the left, table at the right; either alone takes the full width."""
    left, height = LEFT, BOTTOM - top
    if slide.figure or slide.chart:
        part = width
        if slide.table:
            needed = sum(_column_widths(slide.table, TABLE_SIZES[2]))
            # Two charts beside each other need more space.
            least = 0.55 if slide.second else 0.38
            part = min(max(width - GAP - needed, least * width), 0.6 * width)
        if slide.figure:
            items.append(_place_picture(slide.figure, left, top, part, height))
        elif slide.chart:
            charts = [slide.chart, *([slide.second] if slide.second else [])]
            each = (part - GAP * (len(charts) - 1)) / len(charts)
            for number, chart in enumerate(charts):
                items.append(Drawing(left + number * (each + GAP), top, each, height, chart))
        left, width = left + part + GAP, width - part - GAP
    if slide.table:
        grid = place_table(slide.table, left, top, width, height)
        items.append(grid)
        if grid.table.note:
            note = cut_to(grid.table.note, width - 0.1, NOTE_SIZE)
            items.append(
                Text(
                    "note",
                    left,
                    grid.top + grid.height + 0.04,
                    width,
                    0.26,
                    [[note]],
                    NOTE_SIZE,
                )
            )
