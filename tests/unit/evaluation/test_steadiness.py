"""The flag of trials whose accuracy jumps from epoch to epoch."""

import math

import numpy as np
import pandas as pd
import pytest

from scenery.evaluation.steadiness import is_unsteady, score_jump


def history(accuracies: list[float], step: str = "head") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "step": step,
            "epoch": np.arange(1, len(accuracies) + 1),
            "validation_accuracy": accuracies,
        }
    )


JUMPING = history([0.85, 0.9, 0.84, 0.92, 0.85, 0.91, 0.86, 0.9])
STEADY = history([0.5, 0.7, 0.8, 0.85, 0.86, 0.87, 0.87, 0.88, 0.88, 0.875, 0.88])


def test_score_jump_is_the_median_change_around_the_best_epoch() -> None:
    assert score_jump(JUMPING, 4) == pytest.approx(0.06)
    # The rise of the first epochs is too far away.
    assert score_jump(STEADY, 10) == pytest.approx(0.005)


def test_score_jump_counts_the_last_step_only() -> None:
    both = pd.concat([JUMPING, STEADY.assign(step="network")])
    assert score_jump(both, 10) == pytest.approx(0.005)


@pytest.mark.parametrize("rows", [JUMPING.iloc[:0], JUMPING.iloc[:4]])
def test_score_jump_of_few_epochs_is_nan(rows: pd.DataFrame) -> None:
    assert math.isnan(score_jump(rows, 1))


def test_unsteady_is_a_jump_beyond_the_interval() -> None:
    assert is_unsteady(0.06, 0.92, 0.89)
    assert not is_unsteady(0.02, 0.92, 0.89)
    assert not is_unsteady(math.nan, 0.92, 0.89)
