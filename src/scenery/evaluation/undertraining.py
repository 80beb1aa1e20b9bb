"""Whether a trial was trained for too few epochs."""

import math

import numpy as np
import pandas as pd

# The best epoch of a trial that has converged is rarely among the last tenth.
LAST_SHARE = 0.1
# A training accuracy so far below the interval of the validation accuracy is no effect of chance;
# dropout and augmentation alone cost less on the images tried.
FAR = 0.05


def is_undertrained(history: pd.DataFrame, validation_low: float, train_accuracy: float) -> bool:
    """Whether more epochs would probably have helped.

    That is so if the best epoch is among the last tenth and the validation loss still falls, or if
    the training accuracy is far below the validation accuracy.

    Args:
        history: Rows of history.csv of one trial.
        validation_low: Lower end of the interval of the validation accuracy; NaN: no result.
        train_accuracy: Training accuracy at the best epoch.
    """
    if not len(history) or math.isnan(validation_low):
        return False
    rows = history[history["step"] == history["step"].iloc[-1]].sort_values("epoch")
    return _rises(rows) or train_accuracy < validation_low - FAR


def _rises(rows: pd.DataFrame) -> bool:
    """Whether the last epochs hold the best one, and the loss falls towards them."""
    last = max(1, round(LAST_SHARE * len(rows)))
    if len(rows) < 2 * last:
        return False
    accuracies = rows["validation_accuracy"].to_numpy()
    losses = rows["validation_loss"].to_numpy()
    # Among equally accurate epochs, the one with the lowest loss is the best, as in training.
    best = np.lexsort((losses, -accuracies))[0]
    falls = losses[-last:].mean() < losses[-2 * last : -last].mean()
    return bool(best >= len(rows) - last and falls)
