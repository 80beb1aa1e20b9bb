"""Proposals of a search in rounds, on a function that takes no time."""

import math
from typing import Any

import pytest

from scenery.config.search import Search
from scenery.errors import UserError
from scenery.study.optuna_samplers import finished_trial, optuna_distribution
from scenery.study.proposing import Told, propose
from scenery.study.search_space import share_of, value_at

SPACE: dict[str, Any] = {
    "optimizer.name": ["SGD", "Adam"],
    "optimizer.learning_rate": {"loguniform": [1e-5, 1e-1]},
    "optimizer.momentum": {"uniform": [0, 0.95], "when": {"optimizer.name": ["SGD"]}},
    "head.dense": [[], [64], [128, 64]],
    "head.dropout": {"uniform": [0, 0.65], "step": 0.1},
    "head.l2": {"lognormal": [1e-4, 1]},
    "label_smoothing": {"normal": [0.1, 0.05], "bounds": [0, 0.2]},
    "batch_size": {"integer": [8, 64], "step": 8},
    "epochs": {"integer": [3, 9]},
}
SAMPLERS = ("tpe", "gp", "cmaes", "nsga2", "qmc", "random")


def score(values: dict[str, Any]) -> float:
    far = abs(math.log10(values["optimizer.learning_rate"]) + 3) + abs(values["head.dropout"] - 0.3)
    return -far + 0.2 * (values["optimizer.name"] == "Adam")


def run(sampler: str, n_trials: int, fails: int | None = 2, **more: Any) -> list[list[Told]]:
    """A whole search; the trial of each round with the number `fails` has no result."""
    search = Search.model_validate(
        {"sampler": sampler, "n_trials": n_trials, "batch": 4, "space": SPACE, **more}
    )
    rounds: list[list[Told]] = []
    for size in search.round_sizes:
        proposals = propose(search, [True], rounds, size)
        rounds.append(
            [
                Told(values, None if number == fails else (score(values),))
                for number, values in enumerate(proposals)
            ]
        )
    return rounds


def values_of(rounds: list[list[Told]]) -> list[dict[str, Any]]:
    return [one.values for told in rounds for one in told]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_proposals_follow_from_seed_and_results(sampler: str) -> None:
    found = values_of(run(sampler, 14))
    assert found == values_of(run(sampler, 14))
    assert found != values_of(run(sampler, 14, seed=0))
    # More trials keep the first ones, also those of a round that was not full.
    assert found[:10] == values_of(run(sampler, 10))
    assert len({str(values) for values in found}) == 14


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_proposals_are_values_of_the_space(sampler: str) -> None:
    momenta = 0
    for values in values_of(run(sampler, 12)):
        assert ("optimizer.momentum" in values) == (values["optimizer.name"] == "SGD")
        momenta += "optimizer.momentum" in values
        assert values["head.dense"] in SPACE["head.dense"]
        assert values["head.dropout"] in (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
        assert values["batch_size"] in range(8, 65, 8)
        assert 0 <= values["label_smoothing"] <= 0.2
        assert 1e-5 <= values["optimizer.learning_rate"] <= 1e-1
        assert f"{values['head.l2']:.4g}" == f"{values['head.l2']:.12g}"
    assert 0 < momenta < 12


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_proposals_learn_from_results(sampler: str) -> None:
    rounds = run(sampler, 20, fails=None)
    scores = [one.scores[0] for told in rounds for one in told if one.scores]
    assert sum(scores[-8:]) / 8 > sum(scores[:8]) / 8 + 0.3
    # Other results lead to other proposals, beginning with the next round.
    search = Search(sampler=sampler, n_trials=4, batch=4, space=SPACE)
    opposite = [
        [Told(one.values, (-one.scores[0],)) for one in told if one.scores] for told in rounds[:4]
    ]
    assert propose(search, [True], opposite, 4) != [one.values for one in rounds[4]]
    # The lowest of the negated scores is the same aim.
    assert propose(search, [False], opposite, 4) == [one.values for one in rounds[4]]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_small_space_is_proposed_without_repeats_until_it_is_used_up(sampler: str) -> None:
    space = {"epochs": {"integer": [1, 3]}, "batch_size": [8, 16]}
    search = Search(sampler=sampler, n_trials=7, batch=2, space=space)
    rounds: list[list[Told]] = []
    for _ in range(3):
        found = propose(search, [True], rounds, 2)
        rounds.append([Told(values, (values["epochs"],)) for values in found])
    assert len({str(values) for values in values_of(rounds)}) == 6
    with pytest.raises(UserError, match="ask for at most 6 or widen the space"):
        propose(search, [True], rounds, 1)


def test_values_without_effect_are_left_out_of_proposals() -> None:
    search = Search(sampler="tpe", n_trials=4, space={"batch_size": [8, 16], "epochs": [1, 2]})
    found = propose(search, [True], [], 2, lambda values: {"epochs": values["epochs"]})
    assert sorted(found, key=str) == [{"epochs": 1}, {"epochs": 2}]


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes", "nsga2"])
def test_stopped_trials_are_told_as_stopped(sampler: str) -> None:
    # CMA-ES learns at the end of a generation, the first of which begins after the first round.
    rounds = run(sampler, 24 if sampler == "cmaes" else 12, fails=None)
    stopped = [
        [Told(o.values, o.scores, 3 if number else None) for number, o in enumerate(told)]
        for told in rounds
    ]
    search = Search(sampler=sampler, n_trials=4, batch=4, space=SPACE)
    found = propose(search, [True], stopped, 4)
    assert len(found) == 4
    # A Gaussian process takes them as they are.
    assert (found == propose(search, [True], rounds, 4)) == (sampler == "gp")


def test_share_of_a_value_is_the_inverse_of_its_value() -> None:
    search = Search(n_trials=1, space=SPACE)
    for name, one in search.space.items():
        for share in (0.03, 0.4, 0.97):
            value = value_at(one, share)
            again = value_at(one, share_of(one, value))
            if isinstance(value, float):
                assert again == pytest.approx(value, rel=1e-3), name
            else:
                assert again == value, name


def test_space_in_the_terms_of_optuna() -> None:
    space = Search(n_trials=1, space=SPACE).space
    rate = optuna_distribution(space["optimizer.learning_rate"])
    assert (rate.low, rate.high, rate.log) == (1e-5, 1e-1, True)
    dropout = optuna_distribution(space["head.dropout"])
    assert (dropout.low, dropout.high, dropout.step) == (0.0, 0.6, 0.1)
    assert optuna_distribution(space["head.dense"]).choices == ("[]", "[64]", "[128, 64]")
    trial = finished_trial(space, {"head.dense": [64], "epochs": 4, "head.l2": 1e-4}, None)
    assert trial.state.name == "FAIL"
    assert trial.params["head.dense"] == "[64]"
    assert trial.params["head.l2 (quantile)"] == pytest.approx(0.5)
