"""Costs of predictions."""

import numpy as np
import pytest

from scenery.evaluation.costs import cost_interval, costs_of

COSTS = {"rare": {"common": 50.0}, "common": {"common": 0.5}}


def test_costs_of_named_pairs_and_of_others() -> None:
    true = ["rare", "rare", "common", "common", "other"]
    predicted = ["common", "other", "common", "rare", "other"]
    assert costs_of(true, predicted, COSTS).tolist() == [50, 1, 0.5, 1, 0]


def test_cost_interval_draws_within_classes() -> None:
    true = ["rare"] * 4 + ["common"] * 200
    always = cost_interval(true, ["common"] * 204, {"rare": {"common": 50.0}})
    # Each draw has four rare images, all of them wrong.
    assert list(always.values()) == pytest.approx([200 / 204] * 3)
    half = cost_interval(true, ["common", "rare"] * 102, {"rare": {"common": 50.0}})
    assert half["cost_low"] < half["cost"] < half["cost_high"]


def test_cost_interval_of_groups_is_wider() -> None:
    random = np.random.default_rng(0)
    right = np.repeat(random.random(40) < 0.7, 5)
    true = ["a", "b"] * 100
    predicted = [one if good else "c" for one, good in zip(true, right, strict=True)]
    alone = cost_interval(true, predicted, {"a": {"c": 2.0}})
    grouped = cost_interval(true, predicted, {"a": {"c": 2.0}}, np.arange(200) // 5)
    width = [one["cost_high"] - one["cost_low"] for one in (alone, grouped)]
    assert grouped["cost"] == alone["cost"]
    assert width[1] > 1.3 * width[0]
