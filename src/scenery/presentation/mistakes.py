"""The most confident mistakes, with their pictures."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from scenery.presentation.style import new_figure, set_title, styled
from scenery.presentation.words import plural, shorten

SIDE = 320


@styled
def confident_mistakes(
    predictions: pd.DataFrame, root: str | Path, title: str, shown: int = 12
) -> Figure:
    """The wrong test images of which the model was surest, surest first.

    `root` is the folder that the table's `file` column is relative to. A picture that can't be
    opened is shown as a tile that says so.
    """
    wrong = predictions[~predictions["correct"]]
    wrong = wrong.sort_values(["confidence", "file"], ascending=[False, True], kind="stable")
    tiles = wrong.head(shown)
    columns = min(max(len(tiles), 1), 4)
    rows = max(-(-len(tiles) // columns), 1)
    figure = new_figure(max(3.3 * columns, 9), 1.2 + 3.6 * rows)
    text = (
        f"most confident mistakes: {len(tiles)} of {len(wrong)} wrong among "
        f"{plural(len(predictions), 'test image')}"
    )
    set_title(figure, title, text)
    if len(tiles) == 0:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.text(0.5, 0.5, "No test image was classified wrongly.", ha="center", fontsize=18)
        return figure
    figure.set_layout_engine("compressed", h_pad=0.12, w_pad=0.08)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat[len(tiles) :]:
        axes.set_axis_off()
    for axes, (_, row) in zip(panels.flat, tiles.iterrows(), strict=False):
        _tile(axes, row, Path(root))
    return figure


def _tile(axes: Axes, row: pd.Series, root: Path) -> None:
    try:
        axes.imshow(open_picture(root / row["file"]))
    except (OSError, ValueError, Image.DecompressionBombError):
        axes.text(0.5, 0.5, f"{shorten(row['file'], 26)}\ncan't be opened", ha="center",
                  va="center", transform=axes.transAxes, fontsize=10)  # fmt: skip
    axes.set_box_aspect(1)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    said = f"said: {shorten(row['predicted'], 17)} ({row['confidence']:.2f})"
    axes.set_title(f"true: {shorten(row['class'], 24)}\n{said}", fontsize=12, loc="left")
    axes.set_xlabel(shorten(row["file"][::-1], 38)[::-1], fontsize=9, color="#555555", loc="left")


def open_picture(path: Path) -> np.ndarray:
    """A file's picture, uint8, at most 320 pixels a side.

    Raises OSError, ValueError or DecompressionBombError where it can't be opened.
    """
    with Image.open(path) as image:
        image.draft("RGB", (SIDE, SIDE))
        small = ImageOps.exif_transpose(image).convert("RGB")
        small.thumbnail((SIDE, SIDE))
        return np.asarray(small)
