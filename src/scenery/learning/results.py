"""What a trial leaves behind as rows of tables."""

from typing import Any

import numpy as np
import pandas as pd

from scenery.learning.epochs import Run


def metrics_row(
    trial: str,
    run: Run,
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
        trained_parameters: Those that learnt.
        seconds: Wall time of the trial.
        memory: Peak memory of the process in MiB.
    """
    best = run.best_row if run.status == "completed" else None
    return {
        "trial": trial,
        "status": run.status,
        "reason": run.reason,
        "parameters": parameters,
        "trained_parameters": trained_parameters,
        "epochs_run": len(run.history),
        "best_epoch": run.best_epoch if best else None,
        "train_accuracy": best.accuracy if best else None,
        "train_loss": best.loss if best else None,
        "validation_accuracy": best.validation_accuracy if best else None,
        "validation_loss": best.validation_loss if best else None,
        "seconds": round(seconds, 3),
        "peak_memory_mb": memory,
    }


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
