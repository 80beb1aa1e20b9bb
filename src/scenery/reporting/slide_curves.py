"""The learning curves on the slide of an experiment."""

import math
from collections.abc import Sequence

import numpy as np

from scenery.reporting.conclusions import ExperimentResult
from scenery.reporting.learning_curves import with_position
from scenery.reporting.slides import Curves


def chosen_curves(result: ExperimentResult) -> list[Curves]:
    """Train and validation accuracy of the chosen trial, and its losses; what is there of them."""
    if result.history is None:
        return []
    rows = with_position(result.history[result.history["trial"] == result.choice.trial])
    found = []
    for measure in ("accuracy", "loss"):
        columns = (("train", measure), ("validation", f"validation_{measure}"))
        series = [
            (name, [float(v) if np.isfinite(v) else None for v in rows[column].astype(float)])
            for name, column in columns
        ]
        values = [value for _, line in series for value in line if value is not None]
        if values:
            places = [float(place) for place in rows["position"]]
            lowest, highest = _accuracies(values) if measure == "accuracy" else _losses(values)
            found.append(Curves(places, series, "epoch", measure, lowest, highest))
    return found


def _accuracies(values: Sequence[float]) -> tuple[float, float]:
    """Ends of an axis for accuracies."""
    return max(math.floor(min(values) * 10 - 0.5) / 10, 0.0), 1.0


def _losses(values: Sequence[float]) -> tuple[float, float]:
    """Ends of an axis for losses; one exploding loss does not press the others onto the axis."""
    usual = float(np.quantile(values, 0.98))
    highest = max(values) if max(values) <= 3 * usual else usual
    return 0.0, 1.05 * highest or 1.0
