"""The colors of things in generated scenes, RGB from 0 to 255."""

import numpy as np
from numpy.typing import NDArray

from scenery.demo.canvas import Canvas

GREENS = ((72, 105, 48), (95, 118, 55), (50, 84, 45), (110, 116, 62))
FIELDS = ((112, 140, 62), (176, 160, 86), (140, 150, 74), (96, 122, 58), (188, 172, 118))
WALLS = (
    *((182, 166, 140), (160, 96, 76), (196, 190, 180), (140, 134, 126), (208, 180, 132)),
    *((120, 92, 78), (176, 182, 188), (222, 214, 200)),
)
TOWERS = ((150, 156, 164), (120, 134, 150), (186, 178, 164), (88, 98, 112), (160, 140, 122))
ROCKS = ((112, 104, 98), (92, 96, 104), (128, 116, 100), (104, 100, 90))
ASPHALT = ((104, 104, 106), (84, 84, 88), (126, 122, 116))


def pick(canvas: Canvas, colors: tuple, amount: float = 0.1) -> NDArray[np.float64]:
    """Return one of the colors, varied by chance."""
    return canvas.varied(colors[canvas.rng.integers(len(colors))], amount)
