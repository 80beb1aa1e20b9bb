"""The weights that a data set gives to its images."""

import numpy as np
import pandas as pd


def given_weights(table: pd.DataFrame) -> np.ndarray | None:
    """The weights that the data set gives to some images, shape (images,); None: all are 1.

    Args:
        table: The images' rows of the split.
    """
    if "weight" not in table or (table["weight"] == 1).all():
        return None
    return table["weight"].to_numpy(np.float64)


def joined_weights(
    first: np.ndarray | None, second: np.ndarray | None, counts: tuple[int, int]
) -> np.ndarray | None:
    """The weights of two sets of so many images as one."""
    if first is None and second is None:
        return None
    both = zip((first, second), counts, strict=True)
    return np.concatenate([np.ones(n) if one is None else one for one, n in both])
