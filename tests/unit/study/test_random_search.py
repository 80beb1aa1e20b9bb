"""Random search: draws that depend on the seed and their number alone."""

import math
import statistics
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from scenery.config.search import Distribution, Random
from scenery.errors import UserError
from scenery.study.random_search import draw

SPACE: dict[str, Any] = {
    "optimizer.name": ["SGD", "Adam", "Nadam"],
    "optimizer.learning_rate": {"loguniform": [1e-5, 1e-1]},
    "optimizer.momentum": {"uniform": [0, 0.95], "when": {"optimizer.name": ["SGD"]}},
    "batch_size": {"integer": [8, 64]},
}


def drawn(trials: int, seed: int = 1, space: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    return draw(Random(n_trials=trials, seed=seed, space=space or SPACE), "search")


def test_more_trials_keep_the_first_ones() -> None:
    longest = drawn(60)
    for count in (1, 2, 17, 59):
        assert drawn(count) == longest[:count]


def test_more_trials_keep_the_first_ones_where_draws_repeat() -> None:
    space = {"batch_size": [8, 16, 32], "head.dropout": [0, 0.5]}
    whole = drawn(6, space=space)
    assert len({str(values) for values in whole}) == 6
    for count in range(1, 6):
        assert drawn(count, space=space) == whole[:count]


def test_a_setting_added_to_the_space_leaves_the_others_alone() -> None:
    more = drawn(30, space={**SPACE, "head.dropout": {"uniform": [0, 0.5]}})
    assert [{k: v for k, v in values.items() if k != "head.dropout"} for values in more] == drawn(
        30
    )


def test_the_order_of_the_space_does_not_matter() -> None:
    backwards = drawn(20, space=dict(reversed(SPACE.items())))
    assert backwards == drawn(20)


def test_seeds_differ_and_zero_is_one() -> None:
    draws = [str(drawn(5, seed=seed)) for seed in range(4)]
    assert len(set(draws)) == 4
    assert drawn(5, seed=0) == drawn(5, seed=0)


def test_draws_are_those_of_the_last_version() -> None:
    # Another version must find the trials of this one.
    assert drawn(2) == [
        {"optimizer.name": "Adam", "optimizer.learning_rate": 3.923e-05, "batch_size": 51},
        {"optimizer.name": "Nadam", "optimizer.learning_rate": 0.07275, "batch_size": 38},
    ]


def test_values_lie_where_they_should() -> None:
    values = drawn(2000)
    rates = [v["optimizer.learning_rate"] for v in values]
    assert all(1e-5 <= rate <= 1e-1 for rate in rates)
    sizes = [v["batch_size"] for v in values]
    assert (min(sizes), max(sizes)) == (8, 64)
    # Each decade of the rates gets a fourth; 4 standard deviations are 0.039.
    for low in range(-5, -1):
        share = sum(10**low <= rate < 10 ** (low + 1) for rate in rates) / len(rates)
        assert share == pytest.approx(0.25, abs=0.039)
    for name in SPACE["optimizer.name"]:
        share = sum(v["optimizer.name"] == name for v in values) / len(values)
        assert share == pytest.approx(1 / 3, abs=0.043)


def test_settings_are_drawn_independently() -> None:
    values = drawn(2000)
    both = sum(v["batch_size"] < 36 and v["optimizer.learning_rate"] < 1e-3 for v in values)
    assert both / len(values) == pytest.approx(28 / 57 / 2, abs=0.04)


def test_rounding_does_not_leave_the_bounds() -> None:
    space = {"head.dropout": {"uniform": [0.0, 0.99999]}, "head.l1": {"uniform": [1.23449, 1.2345]}}
    values = drawn(3000, space=space)
    assert max(v["head.dropout"] for v in values) < 1
    assert all(1.23449 <= v["head.l1"] <= 1.2345 for v in values)
    assert drawn(3, space={"head.dropout": {"uniform": [0.0, 0.5]}})[0]["head.dropout"] != 0


def test_what_is_drawn_under_a_condition() -> None:
    for values in drawn(200):
        assert ("optimizer.momentum" in values) == (values["optimizer.name"] == "SGD")


def test_conditions_may_follow_each_other() -> None:
    space = {
        "schedule.factor": {"uniform": [0.1, 0.9], "when": {"schedule.name": ["step"]}},
        "schedule.name": {"choice": ["step", "cosine"], "when": {"optimizer.name": ["SGD"]}},
        "optimizer.name": ["SGD", "Adam"],
    }
    kinds = {tuple(sorted(values)) for values in drawn(50, space=space)}
    assert kinds == {
        ("optimizer.name",),
        ("optimizer.name", "schedule.name"),
        ("optimizer.name", "schedule.factor", "schedule.name"),
    }


def test_an_exhausted_space_says_how_many_there_are() -> None:
    space = {"batch_size": [8, 16], "epochs": {"integer": [1, 3]}}
    assert len(drawn(6, space=space)) == 6
    with pytest.raises(UserError, match=r"search.n_trials: 7 .* has 6 different .* at most 6"):
        drawn(7, space=space)
    # Conditions make combinations the same: momentum is drawn for one optimizer of two.
    space = {
        "optimizer.name": ["SGD", "Adam"],
        "optimizer.momentum": {"choice": [0.0, 0.9], "when": {"optimizer.name": ["SGD"]}},
    }
    assert len(drawn(3, space=space)) == 3
    with pytest.raises(UserError, match="has 3 different"):
        drawn(4, space=space)


def test_a_huge_space_is_not_counted() -> None:
    space = {"seed": {"integer": [0, 2**31 - 1]}, "epochs": {"integer": [1, 10**30]}}
    assert len(drawn(3, space=space)) == 3


def test_a_space_too_narrow_for_four_digits_ends() -> None:
    space = {"head.l2": {"uniform": [0.1, 0.1001]}}
    assert len(drawn(2, space=space)) == 2
    with pytest.raises(UserError, match="ask for at most 1 or widen the space"):
        drawn(50, space={"head.l2": {"uniform": [1.0, 1.00000001]}})


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"epochs": {"choice": [1], "when": {"seed": [1]}}}, "seed is not drawn here"),
        ({"epochs": {"choice": [1], "when": {"epochs": [1]}}}, "epochs is not drawn here"),
        (
            {"seed": [1, 2], "epochs": {"choice": [1], "when": {"seed": [3]}}},
            r"\[3\] can never be drawn; drawn are \[1, 2\]",
        ),
        (
            {
                "seed": {"choice": [1], "when": {"epochs": [1]}},
                "epochs": {"choice": [1], "when": {"seed": [1]}},
            },
            "depend on each other",
        ),
    ],
)
def test_impossible_conditions(space: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        drawn(1, space=space)


def test_rates_are_spread_without_clusters() -> None:
    rates = sorted(math.log10(v["optimizer.learning_rate"]) for v in drawn(500))
    assert max(b - a for a, b in pairwise(rates)) < 0.1


def test_normal_numbers_have_their_mean_and_stay_in_their_bounds() -> None:
    space = {
        "head.dropout": {"normal": [0.3, 0.05]},
        "label_smoothing": {"normal": [0.0, 0.2], "bounds": [0, 0.3]},
        "optimizer.learning_rate": {"lognormal": [1e-3, 0.5]},
    }
    found = drawn(400, space=space)
    dropout = [values["head.dropout"] for values in found]
    assert statistics.fmean(dropout) == pytest.approx(0.3, abs=0.01)
    assert statistics.stdev(dropout) == pytest.approx(0.05, rel=0.15)
    smoothing = [values["label_smoothing"] for values in found]
    assert min(smoothing) >= 0
    assert max(smoothing) <= 0.3
    rates = [math.log(values["optimizer.learning_rate"]) for values in found]
    assert statistics.median(rates) == pytest.approx(math.log(1e-3), abs=0.1)
    assert statistics.stdev(rates) == pytest.approx(0.5, rel=0.15)


def test_step_rounds_to_multiples_between_the_bounds() -> None:
    space = {
        "head.dropout": {"uniform": [0.05, 0.55], "step": 0.1},
        "batch_size": {"integer": [10, 64], "step": 16},
        "optimizer.learning_rate": {"loguniform": [1e-3, 1e-1], "step": 1e-3},
    }
    found = drawn(60, space=space)
    assert {values["head.dropout"] for values in found} == {0.1, 0.2, 0.3, 0.4, 0.5}
    assert {values["batch_size"] for values in found} == {16, 32, 48, 64}
    rates = [values["optimizer.learning_rate"] for values in found]
    assert all(rate == pytest.approx(round(rate * 1000) / 1000) for rate in rates)


@pytest.mark.parametrize(
    ("distribution", "message"),
    [
        ({"uniform": [0, 1], "bounds": [0, 1]}, "bounds are for normal and lognormal"),
        ({"choice": [0, 1], "step": 1}, "step has no effect on a choice"),
        ({"normal": [0, 0]}, "greater than 0"),
        ({"lognormal": [1, 1], "bounds": [0, 2]}, "bounds of lognormal are above 0"),
        ({"normal": [0, 1], "bounds": [2, 1]}, "the first number must be below the second"),
        ({"normal": [0, 1], "uniform": [0, 1]}, "exactly one of .* found uniform, normal"),
    ],
)
def test_distribution_with_options_of_another_is_refused(
    distribution: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Distribution(**distribution)
