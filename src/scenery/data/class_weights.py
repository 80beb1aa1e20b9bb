"""Weights of the training images in the loss."""

from typing import Literal

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight


def image_weights(labels: np.ndarray, how: Literal["none", "balanced"]) -> np.ndarray:
    """One weight per image, with mean 1.

    Args:
        labels: Shape (images,), class numbers from 0.
        how: none: all weights are 1; balanced: the weights of each class have the same sum.

    Returns:
        float32, shape (images,).
    """
    weights = compute_sample_weight(None if how == "none" else how, labels)
    return np.asarray(weights, np.float32)
