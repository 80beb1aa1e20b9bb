"""Weights of the training images in the loss."""

from typing import Literal

import numpy as np
import pandas as pd
from sklearn.utils.class_weight import compute_sample_weight


def image_weights(
    labels: np.ndarray, how: Literal["none", "balanced"], given: np.ndarray | None = None
) -> np.ndarray:
    """One weight per image, with mean 1.

    Args:
        labels: Shape (images,), class numbers from 0.
        how: none: all weights are 1; balanced: the weights of each class have the same sum.
        given: Shape (images,), weights of the data set, by which the others are multiplied; None:
            all 1.

    Returns:
        float32, shape (images,).
    """
    weights = compute_sample_weight(None if how == "none" else how, labels)
    if given is not None:
        weights = weights * given
        weights = weights / weights.mean()
    return np.asarray(weights, np.float32)


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
