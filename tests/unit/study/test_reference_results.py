"""Published numbers find the settings they belong to, and further figures their experiments."""

from typing import Any

import pytest

from scenery.config.settings import Settings
from scenery.config.study import Study
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.reporting.figures import FIGURES, Case
from scenery.study.checks import check_study
from scenery.study.experiments import expand
from scenery.study.plan import Plan


def study(published: list[dict[str, Any]], **experiment: Any) -> Study:
    numbers = {"source": "a book", "results": published}
    return read_study(
        {"experiments": {"first": {}, "a": {"reference_results": numbers, **experiment}}},
        "study.yaml",
    )


def rows(whole: Study, chosen: Settings | None = None) -> list[dict[str, Any]]:
    plan = Plan(whole, "study.yaml", lambda name: chosen or Settings(), lambda name: Settings())
    return plan.reference_results("a")


GRID = {"grid": {"remove_stages": [0, 1], "head.dense": [[], [64]]}}


def test_number_of_unknown_settings_has_no_counterpart() -> None:
    whole = study([{"name": "model 3", "settings": "unknown", "accuracy": 0.9}], **GRID)
    check_study(whole, "study.yaml")
    (row,) = rows(whole)
    assert row["name"] == "model 3"
    settings = {trial.setting for trial in expand(whole, "a", None, "study.yaml")}
    assert row["setting"] not in {*settings, ""}
    with pytest.raises(UserError, match="a name says which number it is"):
        study([{"settings": "unknown", "accuracy": 0.9}])


def test_a_number_belongs_to_the_trial_that_its_settings_spell() -> None:
    whole = study(
        [
            {"settings": {}, "accuracy": 0.9, "parameters": 7e6},
            {"settings": {"head": {"dense": [64]}, "remove_stages": 1}, "accuracy": 1},
            {"settings": {"remove_stages": 3}, "accuracy": 0},
            {"accuracy": 0.5},
            {"name": "theirs", "settings": {"remove_stages": 1}, "accuracy": 0.5},
        ],
        **GRID, repeats=2,
    )  # fmt: skip
    check_study(whole, "study.yaml")
    trials = expand(whole, "a", None, "study.yaml")
    of = {trial.name: trial.setting for trial in trials}
    found = rows(whole)
    assert [row["setting"] for row in found[:2]] == [
        of["remove_stages=0, head.dense=[]"], of["remove_stages=1, head.dense=[64]"]
    ]  # fmt: skip
    # What is not run here has settings all the same; without settings it is what will be chosen.
    assert found[2]["setting"] not in {*of.values(), ""}
    assert found[3]["setting"] == ""
    assert [row["name"] for row in found] == [
        "unchanged", "head.dense=[64], remove_stages=1", "remove_stages=3", "the best", "theirs"
    ]  # fmt: skip
    assert found[0] | {"setting": ""} == {
        "name": "unchanged", "setting": "", "accuracy": 0.9, "parameters": 7_000_000,
        "source": "a book",
    }  # fmt: skip


def test_settings_start_where_the_trials_do() -> None:
    whole = study(
        [{"settings": {"remove_stages": 1}, "accuracy": 0.9}],
        start_from="first", overrides={"epochs": 7}, **GRID,
    )  # fmt: skip
    chosen = Settings(head={"dropout": 0.5}, seed=3)
    trials = expand(whole, "a", chosen, "study.yaml")
    (row,) = rows(whole, chosen)
    assert [t.name for t in trials if t.setting == row["setting"]] == [
        "remove_stages=1, head.dense=[]"
    ]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (
            {"settings": {"stages": 1}, "accuracy": 0.9},
            r"a\.reference_results\.results, number 1\.stages",
        ),
        ({"settings": {"epochs": 0}, "accuracy": 0.9}, r"number 1: epochs: input should"),
        ({"accuracy": 95.4}, r"reference_results\.results\.0\.accuracy: .*found 95\.4"),
        ({"settings": {}}, "accuracy: it is needed and is not there"),
    ],
)
def test_mistakes_are_found_before_anything_runs(result: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_study(study([result]), "study.yaml")


def test_no_trial_knows_what_was_published() -> None:
    with_numbers = study([{"accuracy": 0.9}], **GRID)
    without = read_study({"experiments": {"a": GRID}}, "study.yaml")
    ids = [[t.id for t in expand(whole, "a", None, "s")] for whole in (with_numbers, without)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("grid", "figures"),
    [
        ({"subset": ["per_class_5", "small", "full"]}, ["sample_size"]),
        # Three subsets of one size are one sample size.
        ({"subset": ["small", "small_2", "per_class_7", "full"]}, []),
        ({"trainable": ["head", "head+1", "scratch"]}, ["fine_tuning_depth"]),
        ({"trainable": ["head", "all"], "epochs": [1, 2, 3]}, ["parameter_curves"]),
        ({"epochs": [1, 2], "head.batch_norm": [False, True], "head.dropout": [0, 0.5]}, []),
        (
            {"backbone": ["MobileNet", "ResNet50", "EfficientNetLite0"]},
            ["imagenet_accuracy"],
        ),
        ({"backbone": ["MobileNet", "VGG16"], "weights": ["imagenet", "none"]}, []),
        # An unset weight decay is 0.
        ({"optimizer.weight_decay": [None, 0.1, 0.2]}, ["parameter_curves"]),
    ],
)
def test_figures_apply_by_what_the_trials_vary(
    grid: dict[str, list[Any]], figures: list[str]
) -> None:
    subsets = {"small": {"per_class": 7}, "small_2": {"per_class": 7, "seed": 2}}
    whole = read_study({"subsets": subsets, "experiments": {"a": {"grid": grid}}}, "study.yaml")
    case = Case(whole, "a", lambda: expand(whole, "a", None, "study.yaml"))
    optional = ("fine_tuning_depth", "imagenet_accuracy", "sample_size", "parameter_curves")
    found = [f.name for f in FIGURES if f.name in optional and f.applies and f.applies(case)]
    assert found == figures
