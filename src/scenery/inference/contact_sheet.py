"""Photographs with their answers on one HTML page, sorted by confidence."""

import base64
import heapq
import html
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from scenery.data.images import Pixels
from scenery.files import write_text
from scenery.inference.answers import Answer
from scenery.reporting.tables import as_jpeg

# Some 4 kB each.
MAX_SHOWN = 2000
SIDE = 144

_STYLE = """
body { font: 15px/1.4 system-ui, "DejaVu Sans", Arial, sans-serif; margin: 1.5rem; color: #111;
  background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 0.9rem; }
figure { margin: 0; } img { width: 144px; height: 144px; display: block; background: #eee; }
figcaption { overflow-wrap: anywhere; } b { font-weight: 600; }
small { color: #555; display: block; } li { overflow-wrap: anywhere; }
"""


class ContactSheet:
    """Collects the answers of lowest probability, so that memory stays bounded.

    Args:
        title: Of the page.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self._answers: list[tuple[float, int, Answer, bytes]] = []
        self._problems: list[Answer] = []
        self._readable = self._unreadable = 0

    def add(self, answer: Answer, pixels: Pixels | None) -> None:
        """Take one answer.

        Args:
            answer: The answer.
            pixels: The photograph as the model saw it; None where it cannot be read.
        """
        if pixels is None:
            self._unreadable += 1
            if len(self._problems) < MAX_SHOWN:
                self._problems.append(answer)
            return
        self._readable += 1
        # `heapq` removes the smallest entry first, which is that of the highest probability.
        order = (-answer.probabilities[0], -self._readable)
        full = len(self._answers) == MAX_SHOWN
        if full and order < self._answers[0][:2]:
            return
        entry = (*order, answer, _thumbnail(pixels))
        if full:
            heapq.heapreplace(self._answers, entry)
        else:
            heapq.heappush(self._answers, entry)

    def write(self, out: Path) -> None:
        """Write the page, the least sure answers first."""
        shown = sorted(self._answers, key=lambda entry: entry[:2], reverse=True)
        title = html.escape(self.title)
        count = f"{self._readable:,} photographs, least sure first. They are shown as the model "
        count += "saw them."
        if len(shown) < self._readable:
            count = f"The {len(shown):,} least sure of {count}"
        parts = [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>",
            f"<p>{count}</p><main>",
            *(_tile(answer, jpeg) for _, _, answer, jpeg in shown),
            "</main>",
        ]
        if self._problems:
            parts.append(f"<h2>{self._unreadable:,} files that cannot be read</h2><ul>")
            parts += [
                f"<li>{_escaped(one.file)}: {_escaped(one.problem)}</li>" for one in self._problems
            ]
            parts.append("</ul>")
        write_text("".join([*parts, "</body></html>\n"]), out)


def _escaped(text: str) -> str:
    # Names of files may have bytes that are no text.
    return html.escape(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def _tile(answer: Answer, jpeg: bytes) -> str:
    data = base64.b64encode(jpeg).decode("ascii")
    others = zip(answer.classes[1:], answer.probabilities[1:], strict=True)
    second = "; ".join(f"{_escaped(name)} {value:.2f}" for name, value in others)
    note = f"<small><b>{answer.note}</b></small>" if answer.note else ""
    # An address of its own scheme, so that no name is taken for one.
    link = "file://" + quote(str(Path(answer.file).absolute()).encode("utf-8", "surrogateescape"))
    return (
        f'<figure><a href="{link}"><img src="data:image/jpeg;base64,{data}" alt=""></a>'
        f"<figcaption><b>{_escaped(answer.classes[0])}</b> {answer.probabilities[0]:.2f}"
        f"{note}<small>{second}</small><small>{_escaped(answer.file)}</small></figcaption></figure>"
    )


def _thumbnail(pixels: Pixels) -> bytes:
    picture = Image.fromarray(pixels)
    picture.thumbnail((SIDE, SIDE))
    return as_jpeg(picture, quality=75)
