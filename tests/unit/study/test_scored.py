"""Which settings are scored on test images, and which of them is the control."""

from typing import Any

import pytest

from scenery.config.experiment import Choose
from scenery.config.validation import read_study
from scenery.study.controls import control_setting
from scenery.study.experiments import base_settings, expand
from scenery.study.scored import (
    CHOSEN,
    CONTROL,
    MEMBER,
    REGIME,
    SOUP_MEMBER,
    Scored,
    scored_settings,
    too_few_members,
)
from scenery.study.selection import Result, choose
from scenery.study.trials import ResolvedTrial

BASE = {"backbone": "SqueezeNet", "weights": "none", "image_size": 64}


def control(experiment: dict[str, Any], **base: Any) -> ResolvedTrial | None:
    """The first trial of the control of an experiment."""
    values = {"base": {**BASE, **base}, "experiments": {"e": experiment}}
    study = read_study(values, "here")
    trials = expand(study, "e", None, "here")
    setting = control_setting(trials, base_settings(study, "e", None, "here"))
    return next((trial for trial in trials if trial.setting == setting), None)


def test_control_setting_is_the_one_that_changes_nothing() -> None:
    found = control({"grid": {"head.dropout": [0, 0.5], "label_smoothing": [0.1, 0]}})
    assert found is not None and found.name == "head.dropout=0, label_smoothing=0"
    start = {"head": {"dropout": 0.5}}
    found = control({"grid": {"head.dropout": [0, 0.5]}}, **start)
    assert found is not None and found.settings.head.dropout == 0.5


def test_control_setting_overrides_belong_to_it() -> None:
    small = {"subset": "per_class_5", "views": 2}
    grid = {"augment.zoom": [0.2, 0], "augment.horizontal_flip": [True, False]}
    found = control({"overrides": small, "grid": grid, "repeats": 2})
    assert found is not None
    assert (found.settings.subset, found.settings.augment.active) == ("per_class_5", False)


def test_control_setting_without_it_is_the_one_that_switches_all_off() -> None:
    found = control({"grid": {"head.dropout": [0.2, 0]}}, head={"dropout": 0.5})
    assert found is not None and found.settings.head.dropout == 0


@pytest.mark.parametrize("experiment", [
    {"grid": {"augment.zoom": [0.1, 0.2]}},
    {"grid": {"epochs": [3, 4]}},
    {"random": {"n_trials": 3, "space": {"optimizer.learning_rate": {"uniform": [0.1, 0.2]}}}},
])  # fmt: skip
def test_control_setting_none_changes_nothing(experiment: dict[str, Any]) -> None:
    assert control(experiment) is None


def result(name: str, accuracy: float, **more: Any) -> Result:
    return Result(name, more.pop("setting", name), more.pop("completed", True), accuracy, 0.5, 10,
                  **more)  # fmt: skip


def scored_as(results: list[Result], control: str | None, **sets: str) -> list[tuple[Any, ...]]:
    how = Choose()
    training_sets = {one.setting: "full" for one in results} | sets
    found = scored_settings(results, choose(results, how, "e"), control, training_sets, how, "e")
    return [(one.setting, one.roles) for one in found]


def test_scored_settings_are_the_choice_and_its_control() -> None:
    results = [result("a", 0.8), result("b", 0.9), result("c", 0.7)]
    assert scored_as(results, "c") == [("b", (CHOSEN,)), ("c", (CONTROL,))]
    assert scored_as(results, "b") == [("b", (CHOSEN, CONTROL))]
    assert scored_as(results, None) == [("b", (CHOSEN,))]


def test_scored_settings_have_the_best_of_every_training_set() -> None:
    results = [result("a", 0.8), result("b", 0.9), result("c", 0.7), result("d", 0.6)]
    found = scored_as(results, "a", c="small", d="small")
    assert found == [("b", (CHOSEN, REGIME)), ("a", (CONTROL,)), ("c", (REGIME,))]


def test_scored_settings_failed_control_is_left_out() -> None:
    results = [result("a", 0.8), result("b", 0.0, completed=False)]
    assert scored_as(results, "b", b="small") == [("a", (CHOSEN,))]


def test_scored_settings_hold_all_repeats() -> None:
    results = [result("a1", 0.8, setting="a"), result("a2", 0.9, setting="a")]
    how = Choose()
    found = scored_settings(results, choose(results, how, "e"), "a", {"a": "full"}, how, "e")
    assert [one.trials for one in found] == [("a1", "a2")]


def test_scored_settings_members_are_the_best_with_the_training_set_of_the_choice() -> None:
    results = [
        result("a", 0.8), result("b", 0.9), result("c", 0.7), result("d", 0.95, allowed=False),
        result("e", 0.85),
    ]  # fmt: skip
    how = Choose(ensemble=2)
    training_sets = {"a": "full", "b": "full", "c": "full", "d": "full", "e": "small"}
    chosen = choose(results, how, "x")
    found = scored_settings(results, chosen, "c", training_sets, how, "x")
    assert [(one.setting, one.roles) for one in found] == [
        ("b", (CHOSEN, REGIME, MEMBER)), ("c", (CONTROL,)), ("e", (REGIME,)), ("a", (MEMBER,)),
    ]  # fmt: skip


def test_scored_settings_soup_members_are_the_best_of_the_group_of_the_choice() -> None:
    results = [
        result("a", 0.8), result("b", 0.9), result("c", 0.7), result("d", 0.95, allowed=False),
        result("e", 0.85), result("f", 0.88, completed=False), result("g", 0.75),
    ]  # fmt: skip
    how = Choose(ensemble=2, soup=3)
    training_sets = dict.fromkeys("abcdefg", "full")
    chosen = choose(results, how, "x")
    groups = {"a": "1", "b": "1", "d": "1", "e": "2", "f": "1", "g": "1", "c": "1"}
    found = scored_settings(results, chosen, "c", training_sets, how, "x", groups)
    assert [(one.setting, one.roles) for one in found] == [
        ("b", (CHOSEN, MEMBER, SOUP_MEMBER)), ("c", (CONTROL,)), ("e", (MEMBER,)),
        ("a", (SOUP_MEMBER,)), ("g", (SOUP_MEMBER,)),
    ]  # fmt: skip
    assert too_few_members(how, found) == []


def test_scored_settings_a_choice_without_a_group_has_no_soup() -> None:
    results = [result("a", 0.8), result("b", 0.9), result("c", 0.7)]
    how = Choose(soup=2)
    training_sets = dict.fromkeys("abc", "full")
    chosen = choose(results, how, "x")
    found = scored_settings(results, chosen, None, training_sets, how, "x", {"a": "1", "c": "1"})
    assert [(one.setting, one.roles) for one in found] == [("b", (CHOSEN,))]
    assert too_few_members(how, found) == [
        "a soup of 2 settings is asked for, but 0 settings have the network, the initial weights "
        "and the training set of the chosen one and completed; there is none"
    ]


def test_too_few_members_says_so_of_each() -> None:
    scored = [Scored("a", ("a",), (CHOSEN, MEMBER, SOUP_MEMBER)), Scored("b", ("b",), (MEMBER,))]
    assert too_few_members(Choose(), scored) == too_few_members(Choose(ensemble=2), scored) == []
    ensemble, soup = too_few_members(Choose(ensemble=3, soup=2), scored)
    assert ensemble.startswith("an ensemble of 3 settings is asked for, but 2 settings have the tr")
    assert ensemble.endswith("; so many are its members")
    assert soup.startswith("a soup of 2 settings is asked for, but 1 setting has the network, ")
    assert soup.endswith("; there is none")
