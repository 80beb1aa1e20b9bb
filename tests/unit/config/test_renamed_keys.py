"""Config keys of version 0.1 are refused with their names of today."""

from typing import Any

import pytest

from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.checks import check_study

NESTED = [
    ("experiments.a.after", {"after": "b"}, "start_from"),
    ("experiments.a.set", {"set": {}}, "overrides"),
    ("experiments.a.published", {"published": {}}, "reference_results"),
    (
        "experiments.a.random.trials",
        {"random": {"trials": 2, "space": {"epochs": [1]}}},
        "n_trials",
    ),
]
SETTINGS = [
    ("head", "merge", "aggregation"),
    ("head", "learn_from", "supervise"),
    ("augment", "fill", "fill_mode"),
    ("schedule", "warm_up", "warmup_epochs"),
    ("network", "initialiser", "kernel_initializer"),
    ("classifier", "neighbours", "n_neighbors"),
    ("classifier", "trees", "n_estimators"),
    ("classifier", "depth", "max_depth"),
    ("encoding", "normalise", "normalize"),
]


def refusal(config: dict[str, Any]) -> str:
    """The message for a config that is refused."""
    with pytest.raises(UserError) as caught:
        check_study(read_study(config, "study.yaml"), "study.yaml")
    return str(caught.value)


@pytest.mark.parametrize(("place", "experiment", "name"), NESTED)
def test_read_study_old_experiment_key_names_the_new_one(
    place: str, experiment: dict[str, Any], name: str
) -> None:
    message = refusal({"experiments": {"a": experiment}})
    assert f"study.yaml: {place}: this key was renamed in version 0.2; write {name}" in message


@pytest.mark.parametrize(("group", "old", "new"), SETTINGS)
def test_read_study_old_base_key_names_the_new_one(group: str, old: str, new: str) -> None:
    message = refusal({"base": {group: {old: 1}}, "experiments": {"a": {}}})
    assert f"study.yaml: base.{group}.{old}: this key was renamed in version 0.2; write" in message
    assert message.splitlines()[0].endswith(f"write {new}")


@pytest.mark.parametrize(("group", "old", "new"), SETTINGS)
def test_check_names_old_setting_in_a_grid_names_the_new_one(
    group: str, old: str, new: str
) -> None:
    message = refusal({"experiments": {"a": {"grid": {f"{group}.{old}": [1]}}}})
    assert f"{group}.{old}: this key was renamed in version 0.2; write {group}.{new}" in message


def test_read_study_old_dataset_key_names_the_new_one() -> None:
    message = refusal({"dataset": {"largest_pixels": 5000}, "experiments": {"a": {}}})
    assert message.endswith("write max_pixels")
