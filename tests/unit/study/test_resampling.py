"""Folds or the validation share: which trials are scored how."""

from typing import Any

import pytest

from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.experiments import expand
from scenery.study.resampling import Resampling, resampling

BASE = {"backbone": "SqueezeNet", "weights": "none", "image_size": 64}


def of(experiment: dict[str, Any], **config: Any) -> Resampling | None:
    values = {"base": BASE, "experiments": {"a": experiment}, **config}
    study = read_study(values, "s")
    return resampling(study, [trial.settings for trial in expand(study, "a", None, "s")])


def test_resampling_is_five_folds_for_heads_and_classical_models() -> None:
    expected = Resampling(folds=5, repeats=1, seed=7, keep_given=True)
    assert of({"list": [{}, {"classifier": {"name": "svm"}}]}, split={"seed": 7}) == expected
    asked = of({}, validation={"folds": 3, "repeats": 2})
    assert asked == Resampling(folds=3, repeats=2, seed=1, keep_given=False)


@pytest.mark.parametrize(
    "other",
    [
        {"trainable": "head+1"},
        {"trainable": "scratch"},
        {"subset": "per_class_5"},
        {"classifier": {"name": "svm"}, "encoding": {"name": "bag_of_words"}},
    ],
    ids=str,
)
def test_resampling_of_an_experiment_with_one_trial_that_cannot_is_none(
    other: dict[str, Any],
) -> None:
    assert of({"list": [{"head": {"dropout": 0.1}}, other]}) is None


def test_resampling_can_be_turned_off() -> None:
    assert of({}, validation={"folds": "none"}) is None
    # There would be no model that learned from all images.
    assert of({}, refit=False) is None


@pytest.mark.parametrize("folds", [0, 1, 101, True, "all"])
def test_resampling_with_a_wrong_number_of_folds_is_refused(folds: Any) -> None:
    with pytest.raises(UserError, match=r"s: validation.folds: "):
        of({}, validation={"folds": folds})


@pytest.mark.parametrize(
    "slow",
    [
        {"trainable": "head+1"},
        {"classifier": {"name": "svm"}, "encoding": {"name": "bag_of_words"}},
    ],
    ids=str,
)
def test_resampling_of_all_trials_has_fine_tuned_ones_and_codebooks(slow: dict[str, Any]) -> None:
    experiment = {"list": [{"head": {"dropout": 0.1}}, slow]}
    found = of(experiment, validation={"trials": "all", "folds": 3})
    assert found == Resampling(folds=3, repeats=1, seed=1, keep_given=False)
    assert of({"list": [slow, {"subset": "per_class_5"}]}, validation={"trials": "all"}) is None


def test_resampling_of_all_trials_without_folds_is_refused() -> None:
    with pytest.raises(UserError, match=r"s: validation: trials: all needs folds"):
        of({}, validation={"trials": "all", "folds": "none"})


def test_resampling_of_networks_that_are_compared_half_way_is_refused() -> None:
    rates = {"optimizer.learning_rate": [0.1, 0.2, 0.3]}
    halving = {"factor": 2, "first_epochs": 1}
    search = {"n_trials": 3, "space": rates, "halving": halving}
    networks = {"overrides": {"trainable": "all", "epochs": 8}, "random": search}
    assert of(networks) is None
    with pytest.raises(UserError, match=r"fine-tuned in folds cannot be compared half-way"):
        of(networks, validation={"trials": "all"})
    heads = {"overrides": {"epochs": 8, "head.solver": "epochs"}, "random": search}
    assert of(heads, validation={"trials": "all"}) is not None


def test_folds_of_repeats_have_seeds_of_their_own() -> None:
    found = Resampling(folds=2, repeats=2, seed=4, keep_given=True).by_repeat
    assert [[fold.id for fold in repeat] for repeat in found] == [["4-0", "4-1"], ["5-0", "5-1"]]
