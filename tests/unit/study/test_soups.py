"""Which fine-tuned settings can be averaged, and which configs cannot have a soup."""

from typing import Any

import pytest

from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.checks import check_study
from scenery.study.experiments import expand
from scenery.study.soups import soup_group

BASE = {"backbone": "MobileNet", "image_size": 64, "trainable": "all", "epochs": 2}
RATES = {"grid": {"optimizer.learning_rate": [1e-4, 1e-5]}}


def group(**changes: Any) -> str | None:
    """The group of a trial of fine-tuning with some other settings."""
    values = {"base": BASE, "experiments": {"e": {"list": [changes]}}}
    (trial,) = expand(read_study(values, "here"), "e", None, "here")
    return soup_group(trial)


@pytest.mark.parametrize("changes", [
    {"optimizer.learning_rate": 0.5}, {"optimizer": {"name": "SGD"}}, {"epochs": 3},
    {"batch_size": 8}, {"augment": {"zoom": 0.1}}, {"label_smoothing": 0.1}, {"mixup": 0.2},
    {"weight_averaging": {"name": "ema"}}, {"trainable": "head+1"}, {"head": {"l2": 0.1}},
    {"trainable": "from:conv_pw_13"}, {"batch_norm_statistics": "updated"},
    {"image_size": [64, 64]},
])  # fmt: skip
def test_settings_of_training_leave_the_group(changes: dict[str, Any]) -> None:
    assert group(**changes) == group() is not None


@pytest.mark.parametrize("changes", [
    {"backbone": "MobileNetV2"}, {"cut": "conv_pw_11_relu"}, {"remove_stages": 1},
    {"image_size": 96}, {"head": {"dense": [8]}}, {"head": {"pooling": "max"}},
    {"head": {"batch_norm": True}}, {"head": {"kernel_initializer": "he_normal"}},
    {"head": {"dropout": 0.5}}, {"first_step": {"epochs": 2}}, {"network": {"alpha": 0.5}},
    {"test_time_augmentation": "flip"}, {"seed": 0}, {"subset": "per_class_5"},
    {"weights": "own.weights.h5"},
])  # fmt: skip
def test_other_networks_starts_and_training_sets_have_a_group_of_their_own(
    changes: dict[str, Any],
) -> None:
    assert group(**changes) not in (group(), None)


def test_rates_of_dropout_may_differ() -> None:
    assert group(head={"dropout": 0.2}) == group(head={"dropout": 0.5}) != group()
    two = group(head={"dense": [8], "dropout": [0.2, 0]})
    assert two != group(head={"dense": [8], "dropout": [0, 0.2]})
    assert two == group(head={"dense": [8], "dropout": [0.5, 0]})


@pytest.mark.parametrize("changes", [
    {"trainable": "head"}, {"trainable": "head", "classifier": {"name": "svm"}},
    {"trainable": "scratch"}, {"weights": "none"},
])  # fmt: skip
def test_what_is_not_fine_tuned_has_no_group(changes: dict[str, Any]) -> None:
    assert group(**changes) is None


def check(experiment: dict[str, Any], first: dict[str, Any] | None = None, **base: Any) -> None:
    """Check a study whose last experiment asks for a soup."""
    last = {"choose": {"soup": 2}, **experiment}
    experiments = {"e": last} if first is None else {"first": first, "e": last}
    study = read_study({"base": {**BASE, **base}, "experiments": experiments}, "study.yaml")
    check_study(study, "study.yaml")


@pytest.mark.parametrize(("experiment", "message"), [
    ({"grid": {"trainable": ["head"], "epochs": [2, 3]}},
     "that are fine-tuned from learned weights; found trainable: head$"),
    ({"overrides": {"trainable": "head"}, "grid": {"classifier.name": ["svm", "random_forest"]}},
     "found classifier: svm, classifier: random_forest$"),
    ({"list": [{"trainable": "scratch"}, {"weights": "none"}]},
     "found trainable: scratch, weights: none$"),
    ({}, "needs two settings that share .* found 1 that can be averaged with no other one"),
    ({"repeats": 3}, "found 1 that can be averaged with no other one"),
    ({"grid": {"head.dense": [[], [8], [16]]}}, "found 3 that can be averaged with no other one"),
    ({"grid": {"seed": [1, 2]}}, "found 2 that can be averaged with no other one"),
    ({"list": [{}, {"epochs": 3}, {"trainable": "head"}],
      "choose": {"soup": 2, "only": {"epochs": 3}}}, "found 1 that can be averaged"),
    ({"search": {"n_trials": 4, "batch": 2, "space": {"head.dropout": {"uniform": [0, 0.5]}}},
      "overrides": {"trainable": "head"}}, "found trainable: head$"),
])  # fmt: skip
def test_a_soup_that_cannot_be_is_refused(experiment: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=rf"^study.yaml: experiments\.e\.choose\.soup: .*{message}"):
        check(experiment)


@pytest.mark.parametrize("experiment", [
    RATES,
    {"list": [{"trainable": "head"}, {"backbone": "VGG16"}, {}, {"epochs": 3}]},
    {"random": {"n_trials": 2, "space": {"optimizer.learning_rate": {"uniform": [0.1, 0.2]}}}},
    {"search": {"n_trials": 4, "batch": 2, "space": {"seed": {"integer": [1, 2000]}}}},
])  # fmt: skip
def test_a_soup_that_may_be_is_allowed(experiment: dict[str, Any]) -> None:
    check(experiment)


def test_a_soup_is_refused_if_no_start_allows_it() -> None:
    both = {"grid": {"trainable": ["head", "all"]}}
    check({"start_from": "first", **RATES}, both)
    with pytest.raises(UserError, match=r"experiments\.e\.choose\.soup: .*found trainable: head$"):
        check({"start_from": "first", **RATES}, {"overrides": {"trainable": "head"}})
