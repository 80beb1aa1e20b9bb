"""The flag of trials that were trained for too few epochs."""

import math

import numpy as np
import pandas as pd
import pytest

from scenery.evaluation.undertraining import is_undertrained


def history(accuracies: np.ndarray, losses: np.ndarray, step: str = "head") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "step": step,
            "epoch": np.arange(1, len(losses) + 1),
            "validation_accuracy": accuracies,
            "validation_loss": losses,
        }
    )


RISING = history(np.linspace(0.4, 0.8, 40), np.linspace(2, 1, 40))
CONVERGED = history(
    np.minimum(np.linspace(0.4, 1.2, 40), 0.8), np.r_[np.linspace(2, 1, 20), [1.0] * 20]
)
OVERFITTED = history(
    np.r_[np.linspace(0.4, 0.8, 20), np.linspace(0.8, 0.7, 20)], np.linspace(1, 2, 40)
)


def test_trial_that_still_improves_is_undertrained() -> None:
    assert is_undertrained(RISING, 0.7, 0.8)


@pytest.mark.parametrize("rows", [CONVERGED, OVERFITTED], ids=["converged", "overfitted"])
def test_trial_that_has_converged_is_not_undertrained(rows: pd.DataFrame) -> None:
    assert not is_undertrained(rows, 0.7, 0.8)


def test_lucky_last_epoch_with_a_rising_loss_is_not_undertrained() -> None:
    accuracies = np.r_[np.full(39, 0.8), 0.81]
    assert not is_undertrained(history(accuracies, np.linspace(1, 1.2, 40)), 0.7, 0.8)


def test_train_accuracy_far_below_validation_accuracy_is_undertrained() -> None:
    assert is_undertrained(CONVERGED, 0.7, 0.64)
    assert not is_undertrained(CONVERGED, 0.7, 0.66)


def test_only_the_last_step_counts() -> None:
    rows = pd.concat([RISING, CONVERGED.assign(step="network")])
    assert not is_undertrained(rows, 0.7, 0.8)
    rows = pd.concat([CONVERGED, RISING.assign(step="network")])
    assert is_undertrained(rows, 0.7, 0.8)


def test_trial_without_epochs_or_result_is_not_undertrained() -> None:
    assert not is_undertrained(RISING.iloc[:0], 0.7, 0.1)
    assert not is_undertrained(RISING, math.nan, math.nan)
    assert not is_undertrained(RISING.iloc[:1], 0.3, 0.4)
