"""A text of sections as Markdown and as one HTML page."""

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

START = "<!-- generated: `scenery card` writes this part again -->"
END = "<!-- end of the generated part -->"


@dataclass(frozen=True)
class Section:
    """A part of the card: paragraphs, perhaps a table, perhaps lines of code."""

    title: str
    paragraphs: tuple[str, ...]
    table: pd.DataFrame | None = None
    code: str = ""


def markdown(sections: Sequence[Section]) -> str:
    """The generated part of the card."""
    lines = [START, ""]
    for level, section in zip(["#"] + ["##"] * (len(sections) - 1), sections, strict=True):
        lines += [f"{level} {_plain(section.title)}", ""]
        first, *others = section.paragraphs
        lines += [_plain(first), ""]
        if section.code:
            lines += ["```sh", section.code, "```", ""]
        for text in others:
            lines += [_plain(text), ""]
        if section.table is not None:
            lines += [*_markdown_table(section.table), ""]
    return "\n".join([*lines, END, ""])


def _plain(text: str) -> str:
    """Text in which no sign of a name is taken for Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", " ".join(text.split()))


def _markdown_table(table: pd.DataFrame) -> list[str]:
    def row(cells: Sequence[object]) -> str:
        return "| " + " | ".join(_plain(str(cell)) for cell in cells) + " |"

    head = row(list(table.columns))
    return [head, "|" + "---|" * len(table.columns), *map(row, table.to_numpy().tolist())]


_STYLE = """
body { font: 16px/1.5 system-ui, "DejaVu Sans", Arial, sans-serif; margin: 1.5rem auto; color: #111;
  max-width: 52rem; background: #fff; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2rem; }
table { border-collapse: collapse; } td, th { padding: 0.3rem 0.7rem; text-align: left;
  border-bottom: 1px solid #ddd; overflow-wrap: anywhere; } th { background: #dce9f3; }
p, td { overflow-wrap: anywhere; } pre { background: #f3f3f3; padding: 0.6rem; }
"""


def card_page(sections: Sequence[Section]) -> str:
    """The card as one HTML page."""
    title = html.escape(sections[0].title)
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>"
    ]
    for level, section in zip(["h1"] + ["h2"] * (len(sections) - 1), sections, strict=True):
        parts.append(f"<{level}>{html.escape(section.title)}</{level}>")
        parts += [f"<p>{html.escape(text)}</p>" for text in section.paragraphs]
        if section.code:
            parts.append(f"<pre>{html.escape(section.code)}</pre>")
        if section.table is not None:
            parts.append(_html_table(section.table))
    return "".join([*parts, "</body></html>\n"])


def _html_table(table: pd.DataFrame) -> str:
    def row(cells: Sequence[object], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(c))}</{tag}>" for c in cells) + "</tr>"

    rows = [row(cells, "td") for cells in table.to_numpy().tolist()]
    return f"<table>{row(list(table.columns), 'th')}{''.join(rows)}</table>"
