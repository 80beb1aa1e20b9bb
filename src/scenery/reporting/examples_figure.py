"""What the classes look like: one training image of each."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from scenery.reporting.labels import plural, shorten_all
from scenery.reporting.style import new_figure, set_title, styled

SHOWN = 40
SIDE = 320


@styled
def examples_figure(split: pd.DataFrame, root: str | Path) -> Figure:
    """The first training image of each class, of at most forty classes; 16:9 or nearly so.

    `root` is the folder that the split's files are relative to. A picture that can't be opened is
    shown as a tile that says so.
    """
    training = split[split["partition"] == "train"]
    firsts = training.drop_duplicates("class").sort_values("class")
    shown = firsts.head(SHOWN)
    number = max(len(shown), 1)
    columns = min(number, math.ceil(math.sqrt(2 * number)))
    rows = -(-number // columns)
    figure = new_figure(13, max(13 / columns * rows * 1.12 + 0.9, 3))
    text = f"the first training image of {plural(len(shown), 'class')}"
    if len(firsts) > len(shown):
        text += f"; {len(firsts) - len(shown)} further not drawn"
    set_title(figure, "Examples", text)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
        axes.set_xticks([])
        axes.set_yticks([])
    names = shorten_all(shown["class"], max(int(110 / columns), 8))
    size = 15 if columns <= 5 else 11 if columns <= 8 else 9
    for axes, name, file in zip(panels.flat, names, shown["file"], strict=False):
        axes.set_title(name, fontsize=size)
        axes.set_box_aspect(1)
        try:
            axes.imshow(open_picture(Path(root) / file))
        except (OSError, ValueError, Image.DecompressionBombError):
            axes.text(0.5, 0.5, "can't be\nopened", ha="center", va="center",
                      transform=axes.transAxes, fontsize=size)  # fmt: skip
    return figure


def open_picture(path: Path) -> np.ndarray:
    """A file's picture, uint8, at most 320 pixels a side.

    Raises OSError, ValueError or DecompressionBombError where it can't be opened.
    """
    with Image.open(path) as image:
        image.draft("RGB", (SIDE, SIDE))
        small = ImageOps.exif_transpose(image).convert("RGB")
        small.thumbnail((SIDE, SIDE))
        return np.asarray(small)
