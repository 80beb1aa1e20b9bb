"""The solver of a head: what is inferred, what is refused, and what makes no other trial."""

from typing import Any

import pytest

from scenery.config.settings import Settings
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.checks import check_study
from scenery.study.experiments import expand
from scenery.study.trials import ResolvedTrial, change

BASE = {"backbone": "SqueezeNet", "weights": "none"}


def trials(experiment: dict[str, Any], **base: Any) -> list[ResolvedTrial]:
    study = read_study({"base": {**BASE, **base}, "experiments": {"a": experiment}}, "s")
    check_study(study, "s")
    return expand(study, "a", None, "s")


def solvers(experiment: dict[str, Any], **base: Any) -> list[str | None]:
    return [trial.settings.head.solver for trial in trials(experiment, **base)]


def test_solver_is_lbfgs_unless_something_is_said_about_epochs() -> None:
    assert solvers({"grid": {"remove_stages": [0, 1]}}) == ["lbfgs"] * 2
    assert solvers({"grid": {"class_weights": ["none", "balanced"]}}) == ["lbfgs"] * 2
    assert solvers({"list": [{}, {"trainable": "all"}]}) == ["lbfgs", "epochs"]
    assert solvers({}, epochs=50) == ["epochs"]


@pytest.mark.parametrize(
    "grid",
    [
        {"optimizer.name": ["SGD", "Adam"]},
        {"epochs": [50, 60]},
        {"head.dense": [[], [8]]},
        {"head.dropout": [0, 0.5]},
        {"augment.zoom": [0, 0.1]},
        {"label_smoothing": [0, 0.1]},
    ],
    ids=str,
)
def test_solver_of_all_trials_is_epochs_where_a_grid_varies_training(grid: dict[str, Any]) -> None:
    assert solvers({"grid": grid}) == ["epochs"] * 2
    assert solvers({"overrides": {name: values[1] for name, values in grid.items()}}) == ["epochs"]


def test_grid_over_a_setting_of_epochs_with_lbfgs_is_refused() -> None:
    message = r"optimizer.name has an effect only with head.solver: epochs"
    with pytest.raises(UserError, match=message):
        trials({"grid": {"optimizer.name": ["SGD", "Adam"], "head.solver": ["lbfgs"]}})


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"trainable": "head+1"}, "trainable: head"),
        ({"head": {"dense": [8], "solver": "lbfgs"}}, "head.dense"),
        ({"head": {"dropout": 0.1, "solver": "lbfgs"}}, "head.dropout"),
        ({"label_smoothing": 0.1}, "label_smoothing"),
    ],
    ids=str,
)
def test_lbfgs_for_anything_but_a_linear_head_is_refused(
    settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UserError, match=f"{reason}.* needs head.solver: epochs"):
        trials({"list": [{"head": {"solver": "lbfgs"}, **settings}]})


def test_settings_of_epochs_make_no_other_linear_head() -> None:
    plain = trials({})[0]
    said = trials({}, epochs=7, optimizer={"name": "SGD"}, head={"solver": "lbfgs"})[0]
    assert said.id == plain.id


def test_a_fine_tuned_trial_after_a_linear_head_has_the_epochs_of_the_base() -> None:
    base = {**BASE, "epochs": 7, "head": {"solver": "lbfgs"}}
    experiments = {"a": {}, "b": {"start_from": "a", "list": [{}, {"trainable": "all"}]}}
    study = read_study({"base": base, "experiments": experiments}, "s")
    chosen = expand(study, "a", None, "s")[0].settings
    linear, tuned = (trial.settings for trial in expand(study, "b", chosen, "s"))
    assert linear == chosen and linear.head.solver == "lbfgs"
    assert (tuned.head.solver, tuned.epochs) == ("epochs", 7)


@pytest.mark.parametrize(
    "settings",
    [{}, {"epochs": 50}, {"epochs": 7, "head": {"solver": "lbfgs"}}, {"head": {"dense": [3]}}],
    ids=str,
)
def test_solver_stays_when_minimal_settings_are_read_again(settings: dict[str, Any]) -> None:
    made = Settings(**settings)
    assert Settings(**made.minimal()) == made
    assert change(made, {"class_weights": "balanced"}, "s").head.solver == made.head.solver


def test_halving_of_linear_heads_is_refused() -> None:
    space = {"class_weights": ["none", "balanced"]}
    search = {"n_trials": 2, "space": space, "halving": {"factor": 3}}
    with pytest.raises(UserError, match=r"with head.solver: lbfgs there are no epochs"):
        trials({"random": search})
