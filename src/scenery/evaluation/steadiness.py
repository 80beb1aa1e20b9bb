"""Whether the score of a trial jumps from epoch to epoch, so that its best epoch is partly luck."""

import math

import numpy as np
import pandas as pd

# Epochs before and after the best one that are looked at.
NEIGHBORS = 5
# Fewer changes say nothing.
MIN_CHANGES = 4


def score_jump(history: pd.DataFrame, best_epoch: int) -> float:
    """Median change of the validation accuracy from one epoch to the next, around the best epoch.

    Args:
        history: Rows of history.csv of one trial.
        best_epoch: The epoch whose weights are kept, from 1.

    Returns:
        From 0 to 1; NaN for a trial with fewer than five epochs there.
    """
    if not len(history):
        return math.nan
    rows = history[history["step"] == history["step"].iloc[-1]].sort_values("epoch")
    near = rows[(rows["epoch"] - best_epoch).abs() <= NEIGHBORS]
    changes = np.abs(np.diff(near["validation_accuracy"].to_numpy()))
    return float(np.median(changes)) if len(changes) >= MIN_CHANGES else math.nan


def is_unsteady(jump: float, validation_accuracy: float, validation_low: float) -> bool:
    """Whether the accuracy changes from epoch to epoch by more than its interval explains.

    Args:
        jump: As of `score_jump`.
        validation_accuracy: At the best epoch.
        validation_low: Lower end of its 95 % interval.
    """
    # Comparisons with NaN are False.
    return jump > validation_accuracy - validation_low
