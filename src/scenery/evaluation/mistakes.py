"""The wrong answers of which a model was surest, with their pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

SHOWN = 12
# Pixels a side: as large as a page shows them.
MAX_SIDE = 320


def write_mistakes(
    out: Path, predictions: pd.DataFrame, read: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Write the most confident mistakes as an archive of arrays: files, pictures.

    `files` holds file names, surest first, `pictures` the images as the model saw them, uint8,
    (mistakes, side, side, 3), of at most 320 pixels a side. Whatever shows a test image to a person
    reads it there: no other rule opens test images.

    Args:
        out: The archive (.npz).
        predictions: One row per image: file, correct, confidence.
        read: Gives the images of some rows of the predictions: uint8, (rows, side, side, 3).
    """
    rows = predictions.reset_index(drop=True)
    wrong = rows[~rows["correct"]]
    wrong = wrong.sort_values(["confidence", "file"], ascending=[False, True], kind="stable")
    first = wrong.head(SHOWN)
    pictures = [_small(image) for image in read(first.index.to_numpy())]
    # Text of numpy's own kind and not objects, which would be pickled.
    files = np.array(first["file"].tolist(), dtype=np.str_)
    np.savez_compressed(out, files=files, pictures=np.array(pictures, np.uint8))


def _small(image: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(np.asarray(image))
    picture.thumbnail((MAX_SIDE, MAX_SIDE))
    return np.asarray(picture)
