"""Settings that have no effect on a trial, and a first step for some trials of an experiment."""

from typing import Any

import pytest

from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.checks import check_study
from scenery.study.experiments import expand
from scenery.study.trials import ResolvedTrial

BASE = {"backbone": "SqueezeNet", "weights": "none"}


def trials(experiment: dict[str, Any], **base: Any) -> list[ResolvedTrial]:
    study = read_study({"base": {**BASE, **base}, "experiments": {"a": experiment}}, "s")
    check_study(study, "s")
    return expand(study, "a", None, "s")


GRIDS: list[tuple[dict[str, Any], str]] = [
    (
        {"trainable": ["all"], "head.standardize": [True, False]},
        "head.standardize has an effect only with trainable: head or a first_step",
    ),
    ({"head.activation": ["relu", "tanh"]}, "head.activation has an effect only with dense"),
    ({"head.dense": [[], [8]], "head.activation": ["relu", "tanh"]}, "only with dense layers"),
    ({"views": [2, 3]}, "views has an effect only with trainable: head and an augmentation"),
    ({"batch_norm_statistics": ["frozen", "updated"]}, "only where the backbone is fine-tuned"),
    ({"augment.fill_mode": ["wrap", "nearest"]}, "fill_mode has an effect only with rotation"),
]


@pytest.mark.parametrize(("grid", "message"), GRIDS)
def test_grid_over_a_setting_without_effect_is_refused(grid: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=rf"s: experiments.a.grid: .*{message}"):
        trials({"grid": grid})


def test_grid_over_a_setting_with_an_effect_is_expanded() -> None:
    assert len(trials({"grid": {"head.activation": ["relu", "tanh"]}}, head={"dense": [8]})) == 2
    assert len(trials({"grid": {"views": [2, 3]}}, augment={"zoom": 0.1})) == 2
    tuned = {"overrides": {"trainable": "all"}}
    grid = {"batch_norm_statistics": ["frozen", "updated"]}
    assert len(trials({**tuned, "grid": grid})) == 2


def test_random_search_draws_a_setting_only_where_it_has_an_effect() -> None:
    space = {
        "head.dense": [[], [8]],
        "head.activation": ["relu", "tanh", "elu"],
        "optimizer.learning_rate": {"loguniform": [1e-4, 1e-1]},
    }
    found = trials({"random": {"n_trials": 20, "space": space}})
    for trial in found:
        drawn = {name for name, _ in trial.varied}
        assert ("head.activation" in drawn) == bool(trial.settings.head.dense)
    assert {bool(trial.settings.head.dense) for trial in found} == {True, False}
    few = {"head.dense": [[], [8]], "head.activation": ["relu", "tanh"]}
    assert len(trials({"random": {"n_trials": 3, "space": few}})) == 3
    with pytest.raises(UserError, match="after 3 different trials"):
        trials({"random": {"n_trials": 4, "space": few}})


def test_first_step_in_overrides_holds_for_the_trials_that_fine_tune() -> None:
    overrides = {"first_step": {"epochs": 3}}
    found = trials({"overrides": overrides, "grid": {"trainable": ["head", "head+1", "all"]}})
    steps = [trial.settings.first_step for trial in found]
    assert [step and step.epochs for step in steps] == [None, 3, 3]
    listed = trials({"overrides": overrides, "list": [{}, {"trainable": "all"}]})
    assert [trial.settings.first_step is not None for trial in listed] == [False, True]


def test_first_step_in_overrides_without_fine_tuning_is_refused() -> None:
    with pytest.raises(UserError, match="first_step is for"):
        trials({"overrides": {"first_step": {"epochs": 3}}, "grid": {"epochs": [1, 2]}})
    overrides = {"first_step": {"epochs": 0}}
    with pytest.raises(UserError, match=r"overrides: first_step.epochs: .* greater than"):
        trials({"overrides": overrides, "grid": {"trainable": ["head", "all"]}})
