"""Means and standard deviations by which features are standardized."""

from typing import Any

import numpy as np
from sklearn.preprocessing import StandardScaler

# The square of a smaller deviation is 0 in 32 bits, and features are stored in 32 bits.
MIN_DEVIATION = 1e-15
# About so many vectors are converted to 64 bits at a time.
ROWS = 4096


def mean_and_deviation(values: Any, width: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each feature, in 64 bits, both of shape (width,).

    A feature that is constant has a deviation of 1, as in scikit-learn's StandardScaler.

    Args:
        values: Features of the training images: an array or tensor of shape (images, ...).
        width: Number of features; the last axis, or the last axes together, have as many values.
            None: the length of the last axis.
    """
    width = int(values.shape[-1]) if width is None else width
    rows_each = int(np.prod(values.shape[1:])) // width
    step = max(1, ROWS // rows_each)
    scaler = StandardScaler()
    for start in range(0, len(values), step):
        part = np.asarray(values[start : start + step], np.float64)
        scaler.partial_fit(part.reshape(-1, width))
    return np.asarray(scaler.mean_), deviations(scaler)


def deviations(scaler: StandardScaler) -> np.ndarray:
    """Standard deviations, shape (values,); 1 for values that are constant or nearly so.

    Args:
        scaler: Fitted.
    """
    found = np.asarray(scaler.scale_)
    return np.where(found < MIN_DEVIATION, 1.0, found)
