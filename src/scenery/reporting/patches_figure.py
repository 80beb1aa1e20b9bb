"""Parts of images that excite the channels of layers most."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from scenery.reporting.labels import shorten
from scenery.reporting.style import new_figure, set_title, styled

GAP = 0.5


@styled
def patches_figure(patches: Mapping[str, np.ndarray], title: str) -> Figure:
    """A row for each layer, a block of patches for each of its channels, strongest first.

    Args:
        patches: patches.npz as `explain` writes it.
        title: The experiment's title.
    """
    layers = [str(name) for name in patches["layers"]]
    blocks = max(len(patches[f"channels_{number}"]) for number in range(len(layers)))
    each = max(patches[f"patches_{number}"].shape[1] for number in range(len(layers)))
    # A narrow empty column parts one channel from the next.
    ratios = ([1.0] * each + [GAP]) * blocks
    figure = new_figure(16, 1.3 + 0.95 * len(layers))
    set_title(figure, title, "parts of validation images with the largest activations of channels")
    panels = figure.subplots(len(layers), len(ratios), squeeze=False, width_ratios=ratios)
    for axes in panels.flat:
        axes.set_axis_off()
    for row, name in enumerate(layers):
        parts, channels = patches[f"patches_{row}"], patches[f"channels_{row}"]
        side = parts.shape[2]
        for block, channel in enumerate(channels):
            for place, picture in enumerate(parts[block]):
                panels[row, block * (each + 1) + place].imshow(picture)
            text = f"channel {channel}"
            if block == 0:
                text = f"{shorten(name, 24)}, {side} \u00d7 {side} pixels: {text}"
            panels[row, block * (each + 1)].set_title(text, fontsize=9, pad=3, loc="left")
    return figure
