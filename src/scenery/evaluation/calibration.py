"""Probabilities that mean something: temperature scaling and conformal prediction sets.

Both are learned from the predictions of held-out images, never from test images.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from scenery.evaluation.scores import EPSILON
from scenery.evaluation.statistics import calibration

Array = NDArray[np.float64]

# Share of images whose prediction set has the true class.
COVERAGE = 0.95
# A temperature beyond these would mean that the probabilities say nothing.
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
# Probabilities by which a temperature is found; more would take seconds and change nothing.
MAX_PROBABILITIES = 2_000_000


@dataclass(frozen=True)
class Calibration:
    """What is learned from the predictions of held-out images.

    Attributes:
        temperature: Scores are divided by it before the softmax; above 1 the model is too sure.
        calibration_error: Expected calibration error, 0 to 1.
        calibration_error_scaled: The same with the temperature.
        set_probability: A class is in the prediction set if its probability, with the temperature,
            is at least this; 0 where there are too few images for the coverage.
    """

    temperature: float
    calibration_error: float
    calibration_error_scaled: float
    set_probability: float


def calibrate(probabilities: Array, labels: NDArray[np.int64]) -> Calibration | None:
    """Learn a temperature and the threshold of prediction sets.

    Args:
        probabilities: Shape (repeats, images, classes), of images that were held out.
        labels: Shape (images,), class numbers.

    Returns:
        None where a probability is not finite, as of a model that diverged.
    """
    if not np.isfinite(probabilities).all():
        return None
    repeats = [np.asarray(one, np.float64) for one in probabilities]
    pooled, classes = np.concatenate(repeats), np.tile(labels, len(repeats))
    temperature = fit_temperature(pooled, classes)
    scaled = [scale(one, temperature) for one in repeats]
    return Calibration(
        temperature=temperature,
        calibration_error=expected_error(pooled, classes),
        calibration_error_scaled=expected_error(np.concatenate(scaled), classes),
        set_probability=float(np.mean([set_threshold(one, labels) for one in scaled])),
    )


def fit_temperature(probabilities: Array, labels: NDArray[np.int64]) -> float:
    """The temperature of the smallest cross-entropy (Guo et al. 2017).

    Args:
        probabilities: Shape (images, classes).
        labels: Shape (images,), class numbers.
    """
    step = math.ceil(probabilities.size / MAX_PROBABILITIES)
    scores, true = _scores(probabilities[::step]), labels[::step]
    right = scores[np.arange(len(true)), true]

    def loss(log_temperature: float) -> float:
        factor = math.exp(-log_temperature)
        return float(np.mean(_log_sums(scores * factor) - right * factor))

    found = minimize_scalar(
        loss,
        bounds=(math.log(MIN_TEMPERATURE), math.log(MAX_TEMPERATURE)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return math.exp(float(found.x))


def scale(probabilities: Array, temperature: float) -> Array:
    """The probabilities with their scores divided by a temperature, shape (images, classes)."""
    scores = _scores(probabilities) / temperature
    scaled: Array = np.exp(scores - _log_sums(scores)[:, None])
    return scaled


def calibrated(probabilities: Array, temperature: float | None) -> Array:
    """The probabilities that a user is told, by `scenery predict` as by `evaluate`.

    Args:
        probabilities: As the model gives them, shape (images, classes).
        temperature: What held-out images gave; None: it is not known, and they stay as they are.
    """
    return scale(probabilities, temperature) if temperature else probabilities


def _scores(probabilities: Array) -> Array:
    """Scores whose softmax is the probabilities."""
    scores: Array = np.log(np.clip(probabilities, EPSILON, 1.0))
    return scores


def _log_sums(scores: Array) -> Array:
    # All scores are at most 0, and the largest one is near it.
    sums: Array = np.log(np.exp(scores).sum(axis=1))
    return sums


def expected_error(probabilities: Array, labels: NDArray[np.int64]) -> float:
    """Expected calibration error in ten bins (Guo et al. 2017)."""
    correct = probabilities.argmax(axis=1) == labels
    return calibration(probabilities.max(axis=1), correct)[1]


def set_threshold(
    probabilities: Array, labels: NDArray[np.int64], coverage: float = COVERAGE
) -> float:
    """The probability from which on a class is in the prediction set.

    With it, sets of new images have the true class with a probability of at least `coverage`, if
    they are like the held-out ones (Sadinle et al. 2019; the quantile of split conformal
    prediction, Vovk et al. 2005). A set may be empty or have several classes.

    Args:
        probabilities: Shape (images, classes).
        labels: Shape (images,), class numbers.
        coverage: Between 0 and 1.

    Returns:
        0, which takes all classes, where there are too few images for the coverage.
    """
    right = np.sort(probabilities[np.arange(len(labels)), labels])[::-1]
    rank = math.ceil((len(labels) + 1) * coverage)
    return float(right[rank - 1]) if rank <= len(labels) else 0.0


def coverage_of(
    probabilities: Array, labels: NDArray[np.int64], threshold: float
) -> tuple[float, float]:
    """Share of images whose prediction set has the true class, and the mean size of sets."""
    sets = probabilities >= threshold
    return float(sets[np.arange(len(labels)), labels].mean()), float(sets.sum(axis=1).mean())


def calibration_on_test(
    probabilities: Array,
    labels: NDArray[np.int64],
    temperature: float | None,
    threshold: float | None,
) -> dict[str, float | None]:
    """How good probabilities and prediction sets are on test images.

    Args:
        probabilities: Shape (images, classes).
        labels: Shape (images,), class numbers.
        temperature: What held-out images gave; None: it is not known.
        threshold: The probability from which on a class is in a prediction set; None or 0: sets are
            not known.

    Returns:
        calibration_error, calibration_error_scaled (with the temperature), set_coverage (share of
        images whose set has the true class) and set_size (mean number of classes in a set); None
        where it is not known.
    """
    found: dict[str, float | None] = {
        "calibration_error": expected_error(probabilities, labels),
        "calibration_error_scaled": None,
        "set_coverage": None,
        "set_size": None,
    }
    if temperature:
        scaled = scale(probabilities, temperature)
        found["calibration_error_scaled"] = expected_error(scaled, labels)
        if threshold:
            found["set_coverage"], found["set_size"] = coverage_of(scaled, labels, threshold)
    return found
