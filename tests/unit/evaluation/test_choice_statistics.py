"""Bootstrap of a choice, on simulated trials whose true accuracies are known."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from scenery.config.experiment import Choose
from scenery.evaluation.choice_statistics import (
    Rule,
    bootstrap_choice,
    epoch_optimism,
    held_out_matrix,
    rule_of,
)
from scenery.study.selection import Result, choose


def rule(settings: int, **how: float) -> Rule:
    zeros = np.zeros(settings)
    return rule_of(Choose.model_validate(how), zeros, zeros + 1, zeros)


def simulated(
    random: np.random.Generator, settings: int, images: int, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Answers of settings on the same images, of which some are hard, and the true accuracies."""
    level = logit(0.8) + random.normal(0, spread, (settings, 1))
    right = expit(level + random.normal(0, 1.5, images) + random.normal(0, 0.7, (settings, images)))
    truth = expit(level + random.normal(0, 1.5, 3000) + random.normal(0, 0.7, (settings, 3000)))
    return (random.random((settings, images)) < right).astype(float), truth.mean(axis=1)


@pytest.mark.parametrize(("settings", "images", "spread"), [(30, 104, 0.0), (30, 300, 0.3)])
def test_bootstrap_choice_corrected_accuracy_has_little_error_on_average(
    settings: int, images: int, spread: float
) -> None:
    random = np.random.default_rng(0)
    raw, corrected = [], []
    for _ in range(24):
        correct, truth = simulated(random, settings, images, spread)
        means = correct.mean(axis=1)
        best = int(means.argmax())
        raw.append(means[best] - truth[best])
        found = bootstrap_choice(correct, rule(settings))
        corrected.append(found.corrected - truth[best])
    assert np.mean(raw) > 0.015
    assert abs(np.mean(corrected)) < 0.4 * np.mean(raw)


def test_bootstrap_choice_clear_winner_is_sure() -> None:
    correct = np.zeros((3, 200))
    correct[0, :100], correct[1, :190], correct[2, :120] = 1, 1, 1
    found = bootstrap_choice(correct, rule(3))
    assert found.shares.tolist() == [0, 1, 0]
    assert found.expected_loss == 0
    assert found.corrected == pytest.approx(0.95, abs=0.005)


def test_bootstrap_choice_equal_settings_are_chosen_equally_often() -> None:
    random = np.random.default_rng(3)
    correct = np.zeros((2, 1000))
    for row in correct:
        row[random.permutation(1000)[:700]] = 1
    found = bootstrap_choice(correct, rule(2))
    assert found.shares == pytest.approx([0.5, 0.5], abs=0.1)
    assert found.corrected < 0.7


def test_bootstrap_choice_loss_is_that_of_a_worse_setting() -> None:
    random = np.random.default_rng(4)
    correct = np.zeros((2, 100))
    correct[0, random.permutation(100)[:70]] = 1
    correct[1, random.permutation(100)[:66]] = 1
    found = bootstrap_choice(correct, rule(2))
    assert found.expected_loss == pytest.approx(0.04 * found.shares[1])


def test_bootstrap_choice_groups_are_drawn_together() -> None:
    random = np.random.default_rng(5)
    once = (random.random((10, 40)) < 0.7).astype(float)
    alone = bootstrap_choice(once, rule(10))
    grouped = bootstrap_choice(np.repeat(once, 3, axis=1), rule(10), np.repeat(np.arange(40), 3))
    assert grouped.corrected == pytest.approx(alone.corrected)
    apart = bootstrap_choice(np.repeat(once, 3, axis=1), rule(10))
    # As if there were three times as many images, the choice would seem less lucky.
    assert apart.corrected > grouped.corrected


def test_bootstrap_choice_one_setting_needs_no_correction() -> None:
    correct = (np.arange(50) < 40).astype(float)[None]
    found = bootstrap_choice(correct, rule(1))
    assert (found.shares.tolist(), found.expected_loss) == ([1.0], 0.0)
    assert found.corrected == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"smallest_within": 0.05},
        {"one_standard_error": True},
        {"by": ["validation_accuracy", "parameters"]},
    ],
)
def test_rule_of_chooses_as_the_experiment_does(how: dict[str, Any]) -> None:
    random = np.random.default_rng(6)
    for _ in range(30):
        scores = random.integers(10, 16, 12) / 20
        losses, sizes = random.integers(1, 4, 12) / 4, random.integers(1, 4, 12).astype(float)
        # Two repeats around each score.
        results = [
            Result(f"{n}-{r}", str(n), True, scores[n] + r * 0.02, losses[n], int(sizes[n]))
            for n in range(12)
            for r in (-1, 1)
        ]
        spelled = Choose.model_validate(how)
        errors = np.full(12, 0.02)
        expected = int(choose(results, spelled, "e").setting)
        assert rule_of(spelled, losses, sizes, errors)(scores) == expected


def test_held_out_matrix_holds_shares_in_the_order_of_trials() -> None:
    rows = pd.DataFrame(
        [
            ("b", "y", "c", "c"), ("b", "x", "c", "d"), ("a", "x", "c", "c"), ("a", "y", "c", "d"),
            ("a", "x", "c", "d"), ("a", "y", "c", "d"), ("other", "x", "c", "c"),
        ],
        columns=["trial", "file", "class", "predicted"],
    )  # fmt: skip
    files, correct = held_out_matrix(rows, ["a", "b"])
    assert dict(zip(files, correct.T.tolist(), strict=True)) == {"x": [0.5, 0], "y": [0, 1]}
    with pytest.raises(ValueError, match="different images"):
        held_out_matrix(rows.drop(index=1), ["a", "b"])


def history(values: list[float]) -> pd.DataFrame:
    epochs = range(1, len(values) + 1)
    return pd.DataFrame({"step": "head", "epoch": epochs, "validation_accuracy": values})


def test_epoch_optimism_is_what_a_lucky_epoch_has_above_its_neighbors() -> None:
    level = [0.8] * 20
    assert epoch_optimism(history(level)) == pytest.approx(0)
    lucky = [*level[:10], 0.9, *level[10:]]
    assert epoch_optimism(history(lucky)) == pytest.approx(0.1 * 10 / 11)
    # A curve that still rises is not lucky at its end.
    rising = [0.5 + 0.01 * n for n in range(20)]
    assert epoch_optimism(history(rising)) == pytest.approx(0, abs=1e-9)
    assert epoch_optimism(history([0.5, 0.9, 0.5])) == 0
    assert epoch_optimism(history([])) == 0


def test_epoch_optimism_corrects_the_best_of_noisy_epochs() -> None:
    random = np.random.default_rng(7)
    left = []
    for _ in range(50):
        values = 0.8 + random.normal(0, 0.02, 50)
        left.append(values.max() - epoch_optimism(history(values.tolist())) - 0.8)
    assert abs(np.mean(left)) < 0.01
