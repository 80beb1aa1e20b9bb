"""One look for all figures: colors, sizes, and files that do not change from run to run."""

import functools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from PIL import Image

from scenery.reporting.fonts import BASE, fallback_fonts
from scenery.reporting.labels import shorten

# Colors of Okabe and Ito (2008), told apart with every common color blindness. Their yellow
# is left out: it cannot be read on white.
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
ORANGE = "#E69F00"
BLACK = "#000000"
GRAY = "#8C8C8C"
LIGHT = "#D9D9D9"

COLORS = (BLUE, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h")
CHOSEN = VERMILLION
COLOR_MAP = "viridis"

# The nearest of 32 levels for each value of a channel.
LEVELS = [round(round(value * 31 / 255) * 255 / 31) for value in range(256)]
# Height, width and channels.
COLOR_DIMENSIONS = 3

# That a font for another script comes in one weight only is no news to a student.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def _settings() -> dict[str, object]:
    return {
        "font.family": [BASE],
        "font.size": 13,
        "axes.titlesize": 14,
        "axes.labelsize": 13,
        "figure.titlesize": 16,
        "figure.titleweight": "bold",
        "legend.fontsize": 11,
        "legend.frameon": False,
        "xtick.labelsize": 12,
        "ytick.labelsize": 12,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#E4E4E4",
        "lines.linewidth": 2.2,
        "lines.markersize": 7,
        "image.cmap": COLOR_MAP,
        "figure.dpi": 100,
        # A figure of 16 inches then has as many pixels as a projector.
        "savefig.dpi": 120,
        # A dollar sign in a class name must not be taken for the start of a formula.
        "text.parse_math": False,
        "axes.formatter.use_mathtext": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "scenery",
        "pdf.fonttype": 42,
    }


@contextmanager
def style() -> Iterator[None]:
    """The look of the project's figures, for as long as the context lasts."""
    with matplotlib.rc_context():
        # A user's matplotlibrc may ask for LaTeX, another size or another look.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_settings())
        yield


P = ParamSpec("P")
R = TypeVar("R")


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Decorator: the function draws in the project's style and leaves no settings behind."""

    @functools.wraps(draw)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with style():
            return draw(*args, **kwargs)

    return inner


def new_figure(width: float = 10.0, height: float = 5.625) -> Figure:
    """An empty white figure of the given size in inches; nothing in it will overlap."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def set_title(figure: Figure, title: str, subtitle: str = "") -> None:
    """A title at the left, with a subtitle below.

    Both are shortened to the figure's width.
    """
    columns = int(figure.get_figwidth() * 7.2)
    text = shorten(title, columns)
    if subtitle:
        text += "\n" + shorten(subtitle, columns)
    figure.suptitle(text, x=0.01, ha="left")


@styled
def save(figure: Figure, path_svg: str | Path | None, path_png: str | Path | None) -> None:
    """Write a figure as SVG (text stays text) and PNG, the same bytes for the same figure.

    Either path may be None. Folders must exist.
    """
    # `Figure.savefig` makes the layout and draws everything twice for each file. Here the layout is
    # made once, and each file is drawn once.
    with fallback_fonts(figure):
        layout = figure.get_layout_engine()
        if layout is not None:
            layout.execute(figure)
            figure.set_layout_engine("none")
        if path_svg is not None:
            figure.dpi = matplotlib.rcParams["savefig.dpi"]
            FigureCanvasSVG(figure).print_svg(path_svg, metadata={"Date": None})
        if path_png is not None:
            figure.dpi = matplotlib.rcParams["savefig.dpi"]
            _save_png(figure, path_png)


def _save_png(figure: Figure, path: str | Path) -> None:
    """Write a PNG, with a palette of 256 colors if the figure shows no photographs.

    A palette halves the file. Without photographs a figure has few colors and shades of them.
    With photographs each channel has 32 levels, at most 4 of 255 from the true value, which makes
    the file two fifths smaller and can hardly be seen.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    if _shows_photographs(figure):
        image.point(LEVELS * 3).save(path, format="PNG")
    else:
        few = image.quantize(256, dither=Image.Dither.NONE)
        few.save(path, format="PNG", compress_level=6)


def _shows_photographs(figure: Figure) -> bool:
    """Whether an image in the figure has colors of its own, which are not those of a color map."""
    images = [image for axes in figure.axes for image in axes.images]
    return any(getattr(image.get_array(), "ndim", 0) == COLOR_DIMENSIONS for image in images)
