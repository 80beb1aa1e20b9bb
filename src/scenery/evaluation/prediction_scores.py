"""The measures of predictions of test images."""

from typing import Any

import numpy as np
import pandas as pd

from scenery.evaluation.class_balance import balanced_intervals, precision_measures
from scenery.evaluation.paired import accuracy_interval
from scenery.evaluation.scores import cross_entropy, top_accuracy


def score_predictions(
    table: pd.DataFrame,
    probabilities: np.ndarray,
    labels: np.ndarray,
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """Accuracy, balanced accuracy and macro F1 with intervals, loss, precision, top-5 accuracy.

    Args:
        table: Predictions of the images: class, predicted, correct.
        probabilities: Shape (images, classes).
        labels: Shape (images,), class numbers.
        groups: Shape (images,): groups of images that are not independent; None: all are.

    The interval of accuracy is Wilson's (1927), which stays within 0 and 1 and holds near them. The
    others are bootstrap intervals over groups. Images of one group, such as duplicates, are not
    independent; all intervals allow for it.
    """
    correct, images = int(table["correct"].sum()), len(table)
    macro, weighted = precision_measures(labels, probabilities.argmax(axis=1))
    low, high = accuracy_interval(table["correct"].to_numpy(dtype=float)[None], groups)
    return {
        "accuracy": correct / images,
        "correct": correct,
        "images": images,
        "independent_images": images if groups is None else len(np.unique(groups)),
        "low": low,
        "high": high,
        "loss": cross_entropy(probabilities, labels),
        # With five classes or fewer, every answer is among the five best.
        "top_5": top_accuracy(probabilities, labels, 5) if probabilities.shape[1] > 5 else None,
        "macro_precision": macro,
        "weighted_precision": weighted,
        **balanced_intervals(list(table["class"]), list(table["predicted"]), groups),
    }
