"""Intervals, curves and tests against values worked out by hand or by enumeration."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from tables_factory import Experiment

from scenery.evaluation.importance import importance
from scenery.evaluation.intervals import wilson
from scenery.evaluation.statistics import (
    best_of,
    calibration,
    mcnemar,
    mean_interval,
    paired_effect,
    pareto_front,
    repeat_means,
)


def test_wilson_as_published() -> None:
    # Newcombe (1998), table I: 81 of 263 gives 0.2553 to 0.3662.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_mean_interval_of_few_values() -> None:
    mean, low, high = mean_interval(np.array([1.0, 2.0, 3.0]))
    assert (mean, low, high) == pytest.approx((2.0, 2 - 2.4841, 2 + 2.4841), abs=1e-3)
    assert np.isnan(mean_interval(np.array([1.0]))[1])
    assert np.isnan(mean_interval(np.array([np.nan]))[0])


def test_best_of_n_is_what_all_draws_give() -> None:
    values = np.array([0.3, 0.9, np.nan, 0.5, 0.7])
    curve = best_of(values, (0.025, 0.5, 0.975))
    ranked = np.where(np.isnan(values), -np.inf, values)
    for drawn in range(1, 6):
        best = [max(draw) for draw in combinations(ranked, drawn)]
        expected = np.quantile(best, [0.025, 0.5, 0.975], method="inverted_cdf")
        expected = np.where(np.isfinite(expected), expected, np.nan)
        np.testing.assert_allclose(curve[drawn - 1], expected)
    assert curve[-1].tolist() == [0.9, 0.9, 0.9]


def test_best_of_n_holds_for_many_trials() -> None:
    curve = best_of(np.linspace(0, 1, 1000), (0.5,))
    assert np.isfinite(curve).all()
    assert (np.diff(curve[:, 0]) >= 0).all()


def test_pareto_front_keeps_the_unbeaten() -> None:
    costs = np.array([1.0, 2.0, 3.0, 2.0, np.nan, 1.0])
    values = np.array([0.5, 0.7, 0.6, 0.7, 0.9, 0.4])
    assert pareto_front(costs, values).tolist() == [True, True, False, False, False, False]


def test_mcnemar_exact() -> None:
    files = [f"{index}.jpg" for index in range(20)]
    first = pd.DataFrame({"file": files, "correct": [True] * 20})
    second = pd.DataFrame({"file": files[::-1], "correct": [False] * 8 + [True] * 12})
    only_first, only_second, chance = mcnemar(first, second) or (0, 0, 0.0)
    assert (only_first, only_second) == (8, 0)
    assert chance == pytest.approx(2 * 0.5**8)
    assert mcnemar(first, first) == (0, 0, 1.0)
    assert mcnemar(first, second.head(19)) is None


def test_calibration_of_a_perfect_and_of_a_sure_but_wrong_model() -> None:
    confidence = np.repeat([0.25, 0.75], 100)
    correct = np.concatenate([np.arange(100) < 25, np.arange(100) < 75])
    table, error = calibration(confidence, correct)
    assert error == pytest.approx(0, abs=1e-12)
    assert table["images"].tolist() == [100, 100]
    _, error = calibration(np.ones(10), np.zeros(10, dtype=bool))
    assert error == 1.0


def test_paired_effect_leaves_out_everything_else(experiments: dict[str, Experiment]) -> None:
    trials, choice = experiments["flips"].trials(), experiments["flips"].choice()
    zoomed = trials["augment.zoom"] == 0.2
    rotation = trials["augment.rotation"] == 20
    flip = trials["augment.horizontal_flip"] == "True"
    trials["validation_accuracy"] = 0.5 + 0.1 * rotation + 0.02 * zoomed + 0.3 * flip
    pairs, effect, low, high = paired_effect(trials, choice.varied, "augment.zoom", 0.0, 0.2)
    assert pairs == 4
    assert effect == pytest.approx(0.02)
    # With one repeat there is no other sample to compare with.
    assert np.isnan(low) and np.isnan(high)


def test_paired_effect_units_are_repeats(experiments: dict[str, Experiment]) -> None:
    """Pairs of one repeat share its sample: six pairs of three repeats are three, not six."""
    choice = experiments["flips"].choice()
    once = experiments["flips"].trials()
    parts = [once.assign(repeat=number) for number in range(3)]
    trials = pd.concat(parts, ignore_index=True)
    zoomed = trials["augment.zoom"] == 0.2
    shifts = trials["repeat"].map({0: -0.03, 1: 0.0, 2: 0.06})
    trials["validation_accuracy"] = 0.5 + shifts * zoomed
    pairs, effect, low, high = paired_effect(trials, choice.varied, "augment.zoom", 0.0, 0.2)
    assert (pairs, effect) == (12, pytest.approx(0.01))
    expected = mean_interval(np.array([-0.03, 0.0, 0.06]))
    assert (low, high) == pytest.approx(expected[1:])
    assert low < 0 < high
    assert repeat_means(trials) == pytest.approx([0.485, 0.5, 0.53])


def test_importance_finds_what_matters_and_admits_what_it_cannot() -> None:
    random = np.random.default_rng(0)
    drawn = pd.DataFrame(
        {
            "rate": random.uniform(0, 1, 80), "noise": random.uniform(0, 1, 80),
            "optimizer": random.choice(["SGD", "Adam"], 80),
        }
    )  # fmt: skip
    drawn["momentum"] = drawn["rate"].where(drawn["optimizer"] == "SGD") * 0
    names = ["rate", "noise", "optimizer", "momentum"]
    drawn["validation_accuracy"] = 0.5 + 0.3 * drawn["rate"] + 0.1 * (drawn["optimizer"] == "Adam")
    found = importance(drawn, names)
    assert found is not None
    assert found.explained > 0.7
    drops = {name: drop for name, (drop, _) in found.drops.items()}
    assert drops["rate"] > drops["optimizer"] > drops["noise"]
    assert drops["noise"] < 0.02
    chance = importance(drawn.assign(validation_accuracy=random.uniform(0, 1, 80)), names)
    assert chance is not None
    assert chance.explained < 0.2
    assert importance(drawn.head(10), names) is None
    assert importance(drawn.assign(validation_accuracy=0.9), names) is None
