"""What a trial leaves behind as rows of tables."""

from typing import Any

import numpy as np
import pandas as pd

from scenery.evaluation.training_result import TrainingResult

METRICS = (
    "trial",
    "status",
    "reason",
    "parameters",
    "trained_parameters",
    "epochs_run",
    "best_epoch",
    "train_accuracy",
    "train_loss",
    "validation_accuracy",
    "validation_loss",
    "seconds",
    "peak_memory_mb",
)


def metrics_row(
    trial: str,
    run: TrainingResult,
    parameters: int,
    trained_parameters: int,
    seconds: float,
    memory: float,
) -> dict[str, Any]:
    """One row of metrics.csv.

    Args:
        trial: The trial's id.
        run: What training gave; figures are those of its best epoch.
        parameters: Parameters of the whole network, frozen ones included.
        trained_parameters: Those that learned.
        seconds: Wall time of the trial.
        memory: Peak memory of the process in MiB.
    """
    best = run.best_row if run.status != "diverged" else None
    return {
        "trial": trial,
        "status": run.status,
        "reason": run.reason,
        "parameters": parameters,
        "trained_parameters": trained_parameters,
        # Of two steps those of the second, as `epochs` and `best_epoch` are.
        "epochs_run": sum(row.step == run.history[-1].step for row in run.history),
        "best_epoch": run.best_epoch if best else None,
        "train_accuracy": best.accuracy if best else None,
        "train_loss": best.loss if best else None,
        "validation_accuracy": best.validation_accuracy if best else None,
        "validation_loss": best.validation_loss if best else None,
        "seconds": round(seconds, 3),
        "peak_memory_mb": memory,
    }


def fitted_row(trial: str, reason: str = "", **found: Any) -> dict[str, Any]:
    """One row of metrics.csv of a model that is fitted at once: it has no epochs.

    Args:
        trial: The trial's id.
        reason: Why it could not be fitted; empty where it could.
        found: Values of the columns that `metrics_row` has; the others stay empty.
    """
    empty = dict.fromkeys(METRICS)
    status = {"trial": trial, "status": "failed" if reason else "completed", "reason": reason}
    return empty | status | {"epochs_run": 0, "best_epoch": None if reason else 0} | found


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
    for number, name in enumerate(classes):
        table[f"probability:{name}"] = probabilities[:, number].round(6)
    return table
