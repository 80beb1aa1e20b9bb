"""Search strategies: one record for each key of an experiment that names trials."""

import pytest
from pydantic import ValidationError

from scenery.config.experiment import Experiment, search_keys
from scenery.errors import UserError
from scenery.study.search_strategies import (
    STRATEGIES,
    left_out,
    search_strategy,
    variations,
    varied_names,
)

SPACE = {"n_trials": 3, "space": {"epochs": {"integer": [1, 9]}}}
SEARCHES = {
    "grid": ({"epochs": [1, 2], "seed": [0, 1]}, 4, {"epochs", "seed"}),
    "list": ([{"epochs": 1}, {"seed": 3}], 2, {"epochs", "seed"}),
    "random": (SPACE, 3, {"epochs"}),
    "search": ({"sampler": "tpe", **SPACE}, 3, {"epochs"}),
}


def experiment(**values: object) -> Experiment:
    return Experiment.model_validate(values)


def test_every_key_that_names_trials_has_a_strategy() -> None:
    assert {strategy.key for strategy in STRATEGIES} == {*search_keys(), "single"}
    assert list(search_keys()) == ["grid", "list", "random", "search"]


@pytest.mark.parametrize("key", SEARCHES)
def test_a_strategy_counts_the_trials_that_it_names(key: str) -> None:
    value, count, names = SEARCHES[key]
    found = experiment(**{key: value})
    assert (found.strategy, varied_names(found)) == (key, names)
    assert search_strategy(key).count(found.search) == count
    trials = list(variations(found, "a", lambda values, _: values))
    assert len(trials) == count
    assert {name for values, _ in trials for name in values} == names
    assert all(place.startswith(f"a.{key}") for _, place in trials)


def test_without_a_strategy_there_is_one_trial() -> None:
    assert list(variations(experiment(), "a", lambda values, _: values)) == [({}, "a")]


def test_two_strategies_are_refused() -> None:
    with pytest.raises(
        ValidationError, match="one of grid, list, random and search; found grid and list"
    ):
        experiment(grid={"seed": [1]}, list=[{}])


def test_too_many_trials_are_refused_before_the_first() -> None:
    values = {"seed": list(range(400)), "epochs": list(range(1, 300))}
    with pytest.raises(UserError, match="a: 119600 trials are too many"):
        next(variations(experiment(grid=values), "a", lambda values, _: values))


def test_sampled_values_are_kept_by_their_place_in_the_config() -> None:
    places = set()

    def keep(values: dict[str, object], place: str) -> dict[str, object]:
        places.add(place)
        return values

    assert len(list(variations(experiment(random=SPACE), "a", keep))) == 3
    assert places == {"a.random.space"}


def test_examples_of_a_search_have_every_network_that_it_names() -> None:
    space = {
        "backbone": ["MobileNet", "VGG16", "ResNet50"],
        "remove_stages": {"integer": [0, 2], "when": {"backbone": ["VGG16"]}},
        "epochs": {"integer": [1, 9]},
    }
    found = experiment(search={"n_trials": 1, "space": space})
    trials = [values for values, _ in variations(found, "a", lambda values, _: values)]
    networks = {(values["backbone"], values.get("remove_stages")) for values in trials}
    vgg = {("VGG16", number) for number in range(3)}
    assert networks == {("MobileNet", None), ("ResNet50", None)} | vgg


def test_grid_over_optimizers_varies_an_option_with_those_that_have_it() -> None:
    grid = {
        "optimizer.momentum": [0, 0.9],
        "optimizer.name": ["SGD", "Adam", "RMSprop"],
        "optimizer.beta_1": [0.9, 0.8],
        "batch_size": [8, 16],
    }
    found = experiment(grid=grid)
    trials = [values for values, _ in variations(found, "a", lambda values, _: values)]
    # Two each of SGD and RMSprop by momentum, two of Adam by beta_1, all with two batch sizes.
    assert len(trials) == search_strategy("grid").count(found.search) == 12
    for values in trials:
        has = {"SGD": "momentum", "RMSprop": "momentum", "Adam": "beta_1"}
        (option,) = {"optimizer.momentum", "optimizer.beta_1"} & set(values)
        assert option == f"optimizer.{has[values['optimizer.name']]}"
    assert set(left_out(grid)) == {"optimizer.momentum", "optimizer.beta_1"}
    assert left_out({"optimizer.name": ["SGD"], "optimizer.momentum": [0, 0.9]}) == {}


def test_grid_over_an_option_that_no_optimizer_has_is_still_refused() -> None:
    grid = {"optimizer.name": ["Adam", "Nadam"], "optimizer.momentum": [0, 0.9]}
    assert len(list(variations(experiment(grid=grid), "a", lambda values, _: values))) == 4
