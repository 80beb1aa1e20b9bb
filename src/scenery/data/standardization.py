"""Standard deviations by which features can be divided."""

import numpy as np
from sklearn.preprocessing import StandardScaler

# The square of a smaller deviation is 0 in 32 bits, and features are stored in 32 bits.
MIN_DEVIATION = 1e-15


def deviations(scaler: StandardScaler) -> np.ndarray:
    """Standard deviations, shape (values,); 1 for values that are constant or nearly so.

    Args:
        scaler: Fitted.
    """
    found = np.asarray(scaler.scale_)
    return np.where(found < MIN_DEVIATION, 1.0, found)
