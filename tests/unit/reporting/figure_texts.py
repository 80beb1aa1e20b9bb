"""The texts of a figure, and those that its page cuts off."""

from weakref import WeakSet

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from scenery.reporting.style import style

# Those laid out, which takes most of the time of these tests.
DRAWN: WeakSet[Figure] = WeakSet()


def drawn(figure: Figure) -> None:
    """Lay the figure out as saving it would; no test changes one that was laid out."""
    if figure not in DRAWN:
        with style():
            FigureCanvasAgg(figure).draw()
        DRAWN.add(figure)


def texts(figure: Figure) -> str:
    """All texts of a figure, one per line, drawn or not yet."""
    drawn(figure)
    return "\n".join(item.get_text() for item in figure.findobj(Text) if item.get_visible())


def outside(figure: Figure) -> list[str]:
    """The visible texts that leave the figure by more than a few pixels."""
    drawn(figure)
    width, height = figure.canvas.get_width_height()
    beyond = {
        label
        for axes in figure.axes
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))
        for tick, place in zip(axis.get_major_ticks(), axis.get_majorticklocs(), strict=False)
        for label in (tick.label1, tick.label2)
        if not min(low, high) <= place <= max(low, high)
    }
    found = []
    for item in figure.findobj(Text):
        if item.get_visible() and item.get_text().strip() and item not in beyond:
            box = item.get_window_extent()
            if box.x0 < -3 or box.y0 < -3 or box.x1 > width + 3 or box.y1 > height + 3:
                found.append(item.get_text())
    return found
