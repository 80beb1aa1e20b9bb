"""Rows of the tables that a trial writes."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from scenery.evaluation.calibration import calibrate
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import TrainingResult


@dataclass(frozen=True)
class TrialMetrics:
    """A row of metrics.csv; `scenery.evaluation.columns` describes the columns."""

    trial: str
    status: TrialStatus
    reason: str
    parameters: int | None = None
    trained_parameters: int | None = None
    epochs_run: int = 0
    best_epoch: int | None = None
    train_accuracy: float | None = None
    train_loss: float | None = None
    validation_accuracy: float | None = None
    validation_loss: float | None = None
    validation_images: int | None = None
    temperature: float | None = None
    calibration_error: float | None = None
    calibration_error_scaled: float | None = None
    set_probability: float | None = None
    seconds: float | None = None
    peak_memory_mb: float | None = None


def metrics_row(
    trial: str,
    run: TrainingResult,
    parameters: int,
    trained_parameters: int,
    seconds: float,
    memory: float,
    validation_images: int,
) -> dict[str, Any]:
    """One row of metrics.csv.

    Args:
        trial: The trial's id.
        run: What training gave; figures are those of its best epoch.
        parameters: Parameters of the whole network, frozen ones included.
        trained_parameters: Those that learned.
        seconds: Wall time of the trial.
        memory: Peak memory of the process in MiB.
        validation_images: Images that were held out.
    """
    best = run.best_row if run.status.has_result else None
    row = TrialMetrics(
        trial=trial,
        status=run.status,
        reason=run.reason,
        parameters=parameters,
        trained_parameters=trained_parameters,
        # Of two steps those of the second, as `epochs` and `best_epoch` are.
        epochs_run=sum(row.step == run.history[-1].step for row in run.history),
        best_epoch=run.best_epoch if best else None,
        train_accuracy=best.accuracy if best else None,
        train_loss=best.loss if best else None,
        validation_accuracy=best.validation_accuracy if best else None,
        validation_loss=best.validation_loss if best else None,
        validation_images=validation_images if best else None,
        seconds=round(seconds, 3),
        peak_memory_mb=memory,
    )
    return asdict(row)


def fitted_row(trial: str, reason: str = "", **found: Any) -> dict[str, Any]:
    """One row of metrics.csv for a model without epochs.

    Args:
        trial: The trial's id.
        reason: Why it could not be fitted; empty if it was.
        found: Values of further columns; the others stay empty.
    """
    status = TrialStatus.FAILED if reason else TrialStatus.COMPLETED
    row = TrialMetrics(trial, status, reason, best_epoch=None if reason else 0)
    return asdict(replace(row, **found))


def with_calibration(
    row: dict[str, Any], probabilities: np.ndarray, labels: np.ndarray
) -> dict[str, Any]:
    """A row of metrics.csv with what is learned from the predictions of held-out images.

    Args:
        row: As from `metrics_row` or `fitted_row`.
        probabilities: Shape (repeats, images, classes).
        labels: Shape (images,), class numbers.
    """
    found = calibrate(probabilities, labels)
    return row if found is None else row | asdict(found)


def prediction_table(
    files: list[str], labels: np.ndarray, probabilities: np.ndarray, classes: list[str]
) -> pd.DataFrame:
    """One row per image: file, class, predicted, correct, confidence, a probability per class.

    Args:
        files: File names.
        labels: Shape (images,), class numbers.
        probabilities: Shape (images, classes).
        classes: Class names in the order of their numbers.
    """
    if not np.isfinite(probabilities).all():
        raise ValueError("probabilities are not finite")
    predicted = probabilities.argmax(axis=1)
    table = pd.DataFrame(
        {
            "file": files,
            "class": [classes[number] for number in labels],
            "predicted": [classes[number] for number in predicted],
            "correct": predicted == labels,
            "confidence": probabilities.max(axis=1).round(6),
        }
    )
    return pd.concat([table, class_columns("probability", probabilities, classes)], axis=1)


def class_probabilities(predictions: pd.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    """What `prediction_table` was made of.

    Args:
        predictions: Its columns class and `probability:CLASS`.

    Returns:
        Class names in the order of their numbers; probabilities, float64, shape (images, classes);
        class numbers, shape (images,).

    Raises:
        ValueError: A class has no column, which only a defect can cause.
    """
    prefix = "probability:"
    columns = [name for name in predictions if str(name).startswith(prefix)]
    classes = [str(name).removeprefix(prefix) for name in columns]
    labels = pd.Index(classes).get_indexer(pd.Index(predictions["class"]))
    if (labels < 0).any():
        raise ValueError("predictions have no probability of a class")
    return classes, predictions[columns].to_numpy(dtype=float), labels


def class_columns(prefix: str, probabilities: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """One column per class, named `prefix:CLASS`, with six digits.

    Args:
        prefix: What the probabilities are.
        probabilities: Shape (images, classes).
        classes: Class names in the order of their numbers.
    """
    names = [f"{prefix}:{name}" for name in classes]
    return pd.DataFrame(np.asarray(probabilities).round(6), columns=names)
