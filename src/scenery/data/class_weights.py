"""Weights of the training images in the loss."""

from typing import Literal

import numpy as np
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
