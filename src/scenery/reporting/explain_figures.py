"""Inside a final model: where it looks, what its layers hold, and how it places the images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from scenery.reporting.labels import plural, shorten, shorten_all
from scenery.reporting.style import COLORS, MARKERS, new_figure, set_title, styled

Arrays = Mapping[str, np.ndarray]

HEAT = "inferno"
RIGHT_TILES, WRONG_TILES = 4, 4
# Heights of their rows in inches, on a figure as wide as a slide.
RIGHT_ROW, WRONG_ROW = 2.15, 1.62
MAPPED_IMAGES = 3
FILTERS = 64
FILTER_COLUMNS = 16
LEGEND_ROWS = 24
MAX_LEGEND = 60


def _picture(axes: Axes, values: np.ndarray | None = None, **look: Any) -> None:
    """A picture without frame and ticks; nothing where there are no values."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    if values is not None:
        axes.imshow(values, **look)


def _heat(axes: Axes, pixels: np.ndarray, heat: np.ndarray) -> None:
    """A heat map over the gray picture."""
    height, width = pixels.shape[:2]
    gray = pixels.astype(float) @ np.array([0.299, 0.587, 0.114])
    _picture(axes, gray, cmap="gray", vmin=0, vmax=255)
    axes.imshow(heat, cmap=HEAT, vmin=0, vmax=1, alpha=0.55, interpolation="bilinear",
                extent=(-0.5, width - 0.5, height - 0.5, -0.5))  # fmt: skip
    if not heat.any():
        axes.text(0.5, 0.5, "nothing\nspeaks for it", transform=axes.transAxes, color="white",
                  ha="center", va="center", fontsize=10)  # fmt: skip
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)


def _cells(maps: np.ndarray) -> str:
    """Rows and columns of maps, shape (images, rows, columns)."""
    return f"{maps.shape[1]} \u00d7 {maps.shape[2]} cells"


def _learned(facts: Mapping[str, Any]) -> str:
    return " (learned from in the refit)" if facts["learned"] else ""


@styled
def grad_cam_figure(
    grad_cam: Arrays, answers: pd.DataFrame, facts: Mapping[str, Any], title: str
) -> Figure:
    """Right answers (picture, heat map) above wrong ones (heat maps for both classes).

    Args:
        grad_cam: grad_cam.npz as `explain` writes it.
        answers: answers.csv, one row per validation image.
        facts: facts.json.
        title: The experiment's title.
    """
    right = int(grad_cam["right"])
    wrong = len(grad_cam["positions"]) - right
    rows = [max(-(-right // RIGHT_TILES), 1), max(-(-wrong // WRONG_TILES), 1)]
    heights = [0.5 + RIGHT_ROW * rows[0], 0.5 + (WRONG_ROW * rows[1] if wrong else 0.4)]
    figure = new_figure(16, 1.0 + sum(heights))
    cells = _cells(grad_cam["for_predicted"])
    subtitle = (
        f"Grad-CAM, {facts['right']} of {plural(int(facts['images']), 'validation image')} right"
    )
    set_title(figure, title, subtitle + _learned(facts))
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=heights)[:, 0]
    where = f"bright, at {facts['grad_cam_layer']} ({cells})"
    text = f"Right answers: picture, and what speaks for its class ({where})"
    upper.suptitle(text, fontsize=13, x=0.01, ha="left", fontweight="normal")
    _tiles(upper, grad_cam, answers, range(right), rows[0], RIGHT_TILES, ("predicted",))
    if wrong:
        text = "Wrong answers: picture, what speaks for the predicted class, and for the true one"
        places = range(right, right + wrong)
        _tiles(lower, grad_cam, answers, places, rows[1], WRONG_TILES, ("predicted", "true"))
    else:
        text = "No validation image was answered wrongly."
    lower.suptitle(text, fontsize=13, x=0.01, ha="left", fontweight="normal")
    return figure


def _tiles(
    figure: SubFigure,
    archive: Arrays,
    answers: pd.DataFrame,
    places: range,
    rows: int,
    columns: int,
    shown: tuple[str, ...],
) -> None:
    each = len(shown) + 1
    letters = 17 if len(shown) == 1 else 10
    # A narrow empty column parts one image from the next.
    ratios = ([1.0] * each + [0.12]) * columns
    panels = figure.subplots(rows, len(ratios), squeeze=False, width_ratios=ratios)
    for axes in panels.flat:
        axes.set_axis_off()
    for number, place in enumerate(places):
        row, column = divmod(number, columns)
        first = column * (each + 1)
        answer = answers.iloc[int(archive["positions"][place])]
        tiles = panels[row, first : first + each]
        for axes in tiles:
            axes.set_axis_on()
        _picture(tiles[0], archive["pixels"][place])
        names = {"predicted": answer["predicted"], "true": answer["class"]}
        for axes, kind in zip(tiles[1:], shown, strict=True):
            _heat(axes, archive["pixels"][place], archive[f"for_{kind}"][place])
            text = shorten(names[kind], letters)
            if kind == "predicted":
                text += f" {answer['confidence']:.2f}"
            axes.set_title(text, fontsize=9.5, pad=3)
        if len(shown) > 1:
            tiles[0].set_title("true: " + shorten(answer["class"], letters), fontsize=9.5, pad=3)


@styled
def feature_maps_figure(feature_maps: Arrays, title: str) -> Figure:
    """Mean, largest value and principal components over channels of three images, by stage."""
    pixels, layers = feature_maps["pixels"], [str(name) for name in feature_maps["layers"]]
    images = min(MAPPED_IMAGES, len(pixels))
    figure = new_figure(2.1 * (len(layers) + 1) + 0.6, 1.2 + 1.95 * 3 * images)
    set_title(figure, title, "activations of layers, their channels reduced to one")
    panels = figure.subplots(3 * images, len(layers) + 1, squeeze=False)
    for image in range(images):
        block = panels[3 * image : 3 * image + 3]
        _picture(block[0, 0], pixels[image])
        for axes in block[1:, 0]:
            _picture(axes)
        for axes, name in zip(
            block[:, 0], ("mean", "max", "principal\ncomponents 1-3"), strict=True
        ):
            axes.set_ylabel(name, fontsize=11)
        for number in range(len(layers)):
            _picture(block[0, number + 1], feature_maps[f"mean_{number}"][image].astype(float))
            _picture(block[1, number + 1], feature_maps[f"max_{number}"][image].astype(float))
            colors = _colors(feature_maps[f"components_{number}"].astype(float))
            _picture(block[2, number + 1], colors[image])
    for number, name in enumerate(layers):
        cells = _cells(feature_maps[f"mean_{number}"])
        share = float(feature_maps[f"variance_{number}"].sum())
        panels[0, number + 1].set_title(f"{shorten(name, 20)}\n{cells}", fontsize=11)
        panels[-1, number + 1].set_xlabel(f"{share:.0%} of variance", fontsize=11)
    return figure


def _colors(components: np.ndarray) -> np.ndarray:
    """Up to three components as red, green and blue, from 0 to 1 over all images together."""
    low, high = np.percentile(components, [1, 99], axis=(0, 1, 2))
    scaled = np.clip((components - low) / np.maximum(high - low, 1e-9), 0, 1)
    missing = 3 - scaled.shape[-1]
    return np.pad(scaled, [(0, 0)] * 3 + [(0, missing)])


@styled
def channels_figure(feature_maps: Arrays, title: str) -> Figure:
    """One image: the channels that vary most, a row for each stage."""
    layers = [str(name) for name in feature_maps["layers"]]
    columns = max(feature_maps[f"channels_{number}"].shape[1] for number in range(len(layers))) + 1
    figure = new_figure(1.25 * columns + 1.2, 1.2 + 1.6 * len(layers))
    set_title(
        figure, title, "the channels of each layer that vary most, each scaled to its own range"
    )
    panels = figure.subplots(len(layers), columns, squeeze=False)
    for row, (axes_of_row, name) in enumerate(zip(panels, layers, strict=True)):
        channels = feature_maps[f"channels_{row}"][0].astype(float)
        numbers = feature_maps[f"strongest_{row}"]
        _picture(axes_of_row[0], feature_maps["pixels"][0] if row == 0 else None)
        axes_of_row[0].set_ylabel(shorten(name, 18), fontsize=10)
        for column, axes in enumerate(axes_of_row[1:]):
            inside = column < len(channels)
            _picture(axes, channels[column] if inside else None)
            if inside:
                axes.set_title(str(numbers[column]), fontsize=9, pad=2)
    return figure


@styled
def filters_figure(filters: Arrays, title: str) -> Figure:
    """The kernels of the first convolution as colors, strongest first, each with its own range."""
    kernels = filters["filters"]
    shown = kernels[:FILTERS]
    columns = min(FILTER_COLUMNS, max(len(shown), 1))
    rows = max(-(-len(shown) // columns), 1)
    figure = new_figure(max(0.7 * columns + 0.4, 9), 1.3 + 0.72 * rows)
    subtitle = "no convolution of this network reads the three colors"
    if len(shown):
        side = f"{kernels.shape[1]} \u00d7 {kernels.shape[2]} pixels"
        subtitle = f"filters of the first layer: {len(shown)} of {len(kernels)}, {side}"
    set_title(figure, title, subtitle)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, one in zip(panels.flat, shown, strict=False):
        spread = float(one.max() - one.min())
        axes.imshow((one - one.min()) / (spread if spread > 0 else 1.0), interpolation="nearest")
    return figure


@styled
def embedding_figure(answers: pd.DataFrame, facts: Mapping[str, Any], title: str) -> Figure:
    """Validation images in the plane by the model's last features, PCA and t-SNE, by class."""
    placed = answers.dropna(subset=["pca_1"])
    classes = sorted(answers["class"].unique())
    # With more classes no two colors and markers can be told apart.
    named = len(classes) <= MAX_LEGEND
    legend_columns = -(-len(classes) // LEGEND_ROWS) if named else 1
    figure = new_figure(14 + 2.2 * (legend_columns - 1), 6.6)
    right = f"{int(answers['correct'].sum())} of {len(answers)}"
    number = plural(len(placed), "validation image")
    set_title(figure, title, f"last features of {number}{_learned(facts)}; {right} right")
    left, other = figure.subplots(1, 2)
    share = [float(placed[f"share_{axis}"].iloc[0]) for axis in (1, 2)]
    _cloud(left, placed, classes, "pca")
    left.set_title("principal components", loc="left")
    left.set_xlabel(f"component 1: {share[0]:.0%} of variance")
    left.set_ylabel(f"component 2: {share[1]:.0%} of variance")
    other.set_title("t-SNE", loc="left")
    if placed["tsne_1"].notna().any():
        _cloud(other, placed, classes, "tsne")
        text = "neighbors stay neighbors; distances between groups mean little"
        other.set_xlabel(text, fontsize=11)
    else:
        other.text(0.5, 0.5, "too few images", ha="center", transform=other.transAxes)
    other.set_xticks([])
    other.set_yticks([])
    handles, labels = left.get_legend_handles_labels()
    if not named:
        handles, labels = handles[-1:], labels[-1:]
    figure.legend(handles, shorten_all(labels, 24), loc="outside right upper", fontsize=10,
                  ncols=legend_columns)  # fmt: skip
    return figure


def _cloud(axes: Axes, placed: pd.DataFrame, classes: list[str], how: str) -> None:
    for place, name in enumerate(classes):
        rows = placed[placed["class"] == name]
        # Markers change with every round of colors, so that up to sixty classes differ.
        marker = MARKERS[(place + place // len(COLORS)) % len(MARKERS)]
        axes.scatter(rows[f"{how}_1"], rows[f"{how}_2"], s=34, marker=marker, alpha=0.8,
                     color=COLORS[place % len(COLORS)], linewidths=0, label=name)  # fmt: skip
    wrong = placed[~placed["correct"]]
    axes.scatter(wrong[f"{how}_1"], wrong[f"{how}_2"], s=120, facecolor="none", edgecolor="black",
                 linewidths=1.1, label="answered wrongly")  # fmt: skip


@styled
def augmentations_figure(augmentations: Arrays) -> Figure:
    """A contact sheet: each operation in use on one training image, seven random renderings."""
    names, renderings = [str(name) for name in augmentations["names"]], augmentations["renderings"]
    columns = renderings.shape[1] + 1
    figure = new_figure(1.75 * columns + 1.3, 1.2 + 1.8 * len(names))
    set_title(figure, "Augmentations in use", "each operation alone; random within its range")
    panels = figure.subplots(len(names), columns, squeeze=False)
    for row, name in enumerate(names):
        _picture(panels[row, 0], augmentations["pixels"][row])
        panels[row, 0].set_ylabel(shorten(name, 24), fontsize=12)
        for column in range(1, columns):
            _picture(panels[row, column], renderings[row, column - 1])
    panels[0, 0].set_title("original", fontsize=12)
    return figure
