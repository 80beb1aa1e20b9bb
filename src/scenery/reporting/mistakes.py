"""The most confident mistakes, with their pictures."""

from pathlib import PurePath

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from scenery.reporting.labels import plural, shorten
from scenery.reporting.style import new_figure, set_title, styled


@styled
def confident_mistakes(
    predictions: pd.DataFrame, mistakes: dict[str, np.ndarray], title: str
) -> Figure:
    """The wrong test images of which the model was surest, surest first.

    `mistakes` holds their pictures by `file`, uint8, as the model saw them.
    """
    wrong = predictions[~predictions["correct"]]
    tiles = predictions.set_index("file", drop=False).loc[list(mistakes)]
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
        _tile(axes, row, mistakes[row["file"]])
    return figure


def _tile(axes: Axes, row: pd.Series, picture: np.ndarray) -> None:
    axes.imshow(picture)
    axes.set_box_aspect(1)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    predicted = f"predicted: {shorten(row['predicted'], 17)} ({row['confidence']:.2f})"
    axes.set_title(f"true: {shorten(row['class'], 24)}\n{predicted}", fontsize=12, loc="left")
    # The folder says what the title says; the end of a long name tells files apart.
    name = PurePath(row["file"]).name
    axes.set_xlabel(shorten(name[::-1], 30)[::-1], fontsize=11, color="#555555", loc="left")
