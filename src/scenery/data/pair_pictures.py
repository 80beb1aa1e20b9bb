"""Small pictures of the images that look alike, for a person to compare.

The job that checks the images makes them, since it opens every image anyway: no other job has to
open test images for the report.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageOps

from scenery.data.images import MAX_PIXELS, WHITE_LEVEL, read_image

# Pairs with pictures; further ones are listed without.
MAX_PICTURED = 40
SIDE = 128


def picture_pairs(
    pairs: pd.DataFrame,
    root: Path,
    max_pixels: int = MAX_PIXELS,
    white_level: int = WHITE_LEVEL,
) -> dict[str, NDArray[np.uint8]]:
    """Read the images of the first 40 pairs.

    Args:
        pairs: Columns file and other, as `scenery.data.review.used_pairs` gives them.
        root: The folder that the files are relative to.
        max_pixels: Images of more pixels are not decoded.
        white_level: The 16-bit value that becomes white.

    Returns:
        By file a picture of shape (128, 128, 3), the whole image on black.
    """
    shown = pairs.head(MAX_PICTURED)
    pictures = {}
    for file in dict.fromkeys([*shown["file"], *shown["other"]]):
        image = Image.fromarray(read_image(root / file, max_pixels, white_level))
        pictures[file] = np.asarray(ImageOps.pad(image, (SIDE, SIDE)))
    return pictures


def write_pictures(pictures: dict[str, NDArray[np.uint8]], path: Path) -> None:
    """Write pictures by file as an .npz archive of `files` and `pictures`."""
    stacked = np.array(list(pictures.values()), np.uint8).reshape(-1, SIDE, SIDE, 3)
    np.savez_compressed(path, files=np.array(list(pictures), np.str_), pictures=stacked)
