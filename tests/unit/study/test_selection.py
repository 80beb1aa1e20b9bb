"""Choosing among trials, on tables made by hand."""

import random
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from scenery.config.experiment import Choose, Experiment
from scenery.errors import UserError
from scenery.study.selection import Result, average, choose, describe_rule, on_front


def result(
    name: str, accuracy: float, loss: float = 0.5, parameters: int = 100, **more: Any
) -> Result:
    setting = more.pop("setting", name)
    completed = more.pop("completed", True)
    return Result(name, setting, completed, accuracy, loss, parameters, **more)


def chosen(results: list[Result], **how: Any) -> str:
    return choose(results, Choose(**how), "e").trials[0]


def test_the_best_is_chosen() -> None:
    results = [result("a", 0.8, 0.9), result("b", 0.9, 0.8), result("c", 0.85, 0.1)]
    assert chosen(results) == "b"
    assert chosen(results, by="validation_loss") == "c"


def test_ties_go_to_the_lower_loss_the_smaller_network_the_first() -> None:
    same = result("a", 0.9, 0.5, 100)
    assert chosen([same, replace(same, trial="b", setting="b", loss=0.4)]) == "b"
    assert chosen([same, replace(same, trial="b", setting="b", parameters=99)]) == "b"
    assert chosen([same, replace(same, trial="b", setting="b")]) == "a"
    lossy = replace(same, trial="b", setting="b", accuracy=0.95)
    assert chosen([same, lossy], by="validation_loss") == "b"


def test_the_choice_does_not_depend_on_the_order_of_the_jobs() -> None:
    results = [result(str(n), 0.5 + (n * 7 % 5) / 10, n * 3 % 4, n * 11 % 6) for n in range(40)]
    first = choose(results, Choose(), "e")
    shuffler = random.Random(0)
    for _ in range(20):
        shuffler.shuffle(results)
        again = choose(results, Choose(), "e")
        figures = (again.accuracy, again.loss, again.parameters)
        assert figures == (first.accuracy, first.loss, first.parameters)


@pytest.mark.parametrize(
    ("margin", "expected"),
    [(0.005, "large"), (0.02, "middle"), (0.0499, "middle"), (0.06, "small")],
)
def test_smallest_within_a_margin(margin: float, expected: str) -> None:
    results = [
        result("large", 0.90, parameters=1000),
        result("middle", 0.88, parameters=100),
        result("small", 0.85, parameters=10),
    ]
    assert chosen(results, smallest_within=margin) == expected


def test_the_margin_itself_belongs_to_it() -> None:
    # 0.9 - 0.885 is a little more than 0.015 in binary fractions.
    results = [result("large", 0.9, parameters=2), result("small", 0.885, parameters=1)]
    assert chosen(results, smallest_within=0.015) == "small"


def test_the_margin_of_a_loss_is_a_loss() -> None:
    results = [result("large", 0.1, 0.50, 2), result("small", 0.9, 0.54, 1)]
    assert chosen(results, by="validation_loss", smallest_within=0.05) == "small"
    assert chosen(results, by="validation_loss", smallest_within=0.03) == "large"


def test_among_equally_small_ones_the_best_is_taken() -> None:
    results = [result("a", 0.90, parameters=2), result("b", 0.88), result("c", 0.89)]
    results = [replace(r, parameters=2 if r.trial == "a" else 1) for r in results]
    assert chosen(results, smallest_within=0.05) == "c"


def repeats(
    setting: str, accuracies: list[float], parameters: int = 100, **more: Any
) -> list[Result]:
    return [
        result(f"{setting}{n}", value, parameters=parameters, setting=setting, **more)
        for n, value in enumerate(accuracies)
    ]


def test_repeats_are_averaged() -> None:
    results = repeats("lucky", [0.99, 0.5]) + repeats("steady", [0.8, 0.8])
    choice = choose(results, Choose(), "e")
    assert (choice.setting, choice.trials) == ("steady", ("steady0", "steady1"))
    (one,) = average(repeats("a", [0.8, 0.9, 0.85]))
    assert one.accuracy == pytest.approx(0.85)
    assert one.error == pytest.approx(0.05 / 3**0.5)
    assert average(repeats("a", [0.8]))[0].error == 0


def test_one_standard_error() -> None:
    # The best has mean 0.9 and standard error 0.02 / sqrt(2) / sqrt(2) = 0.01.
    best = repeats("best", [0.89, 0.91], parameters=1000)
    near = repeats("near", [0.891, 0.891], parameters=10)
    far = repeats("far", [0.889, 0.889], parameters=1)
    assert choose(best + near + far, Choose(one_standard_error=True), "e").setting == "near"
    assert choose(best + near + far, Choose(), "e").setting == "best"


def test_a_setting_with_a_diverged_repeat_cannot_be_chosen() -> None:
    nan = float("nan")
    results = [
        *repeats("a", [0.99]),
        result("a1", nan, nan, setting="a", completed=False),
        *repeats("b", [0.5, 0.5]),
    ]
    assert choose(results, Choose(), "e").setting == "b"


def test_what_is_not_allowed_cannot_be_chosen() -> None:
    results = [result("a", 0.9, allowed=False), result("b", 0.8)]
    assert chosen(results) == "b"
    assert chosen(results, smallest_within=0.5) == "b"


def test_nothing_left() -> None:
    nan = float("nan")
    results = [result("a", nan, nan, completed=False), result("b", 0.8, allowed=False)]
    with pytest.raises(
        UserError, match=r"experiment e: none of its 2 trials .* lower learning rate"
    ):
        choose(results, Choose(), "e")


@pytest.mark.parametrize("by", ["balanced_accuracy", "macro_f1"])
def test_choose_by_a_balanced_measure_averages_repeats_and_keeps_margins(by: str) -> None:
    def scored(name: str, values: list[float], parameters: int) -> list[Result]:
        return [
            replace(one, accuracy=1 - value, parameters=parameters, **{by: value})
            for one, value in zip(repeats(name, values), values, strict=True)
        ]

    results = scored("a", [0.6, 0.8], 90) + scored("b", [0.5, 0.95], 100)
    results += scored("c", [0.69, 0.69], 10)
    assert choose(results, Choose(by=by), "e").setting == "b"
    assert choose(results, Choose(by=by, smallest_within=0.03), "e").setting == "a"
    assert choose(results, Choose(by=by, smallest_within=0.04), "e").setting == "c"


def test_the_rule_in_words() -> None:
    assert describe_rule(Choose(by="balanced_accuracy")) == "best validation balanced accuracy"
    assert describe_rule(Choose(by="macro_f1", smallest_within=0.1)) == (
        "smallest network within 0.1 of macro F1 of the best validation macro F1"
    )
    assert describe_rule(Choose()) == "best validation accuracy"
    assert describe_rule(Choose(by="validation_loss")) == "lowest validation loss"
    assert describe_rule(Choose(smallest_within=0.015)) == (
        "smallest network within 0.015 of accuracy of the best validation accuracy"
    )
    assert describe_rule(Choose(one_standard_error=True, only={"backbone": "VGG16"})) == (
        "smallest network within one standard error of the best validation accuracy "
        "among trials with backbone=VGG16"
    )


def test_describe_rule_spells_values_as_a_config_does() -> None:
    how = Choose(only={"cut": None, "head.batch_norm": True})
    assert describe_rule(how).endswith("among trials with cut=none, head.batch_norm=true")


AIMS = ("validation_accuracy", "parameters")


def test_several_aims_choose_the_knee_of_their_front() -> None:
    results = [
        result("large", 0.95, parameters=10_000_000),
        result("knee", 0.94, parameters=100_000),
        result("worse", 0.93, parameters=200_000),
        result("small", 0.5, parameters=10_000),
        result("forbidden", 0.99, parameters=1, allowed=False),
        result("failed", 0.99, parameters=1, completed=False),
    ]
    how = Choose(by=AIMS)
    assert chosen(results, by=AIMS) == "knee"
    assert on_front(results, how) == {"large", "knee", "small"}
    assert "knee of the Pareto front of validation accuracy and parameters" in describe_rule(how)
    # A margin leaves the choice to the smallest network, as with one aim.
    assert chosen(results, by=AIMS, smallest_within=0.005) == "large"
    assert chosen(results, by=AIMS, smallest_within=0.05) == "knee"


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (["parameters", "validation_accuracy"], "first aim is a measure of predictions"),
        (["macro_f1", "macro_f1"], "each aim stands there once"),
        (["macro_f1", "cost"], "cost and costs belong together"),
        (["macro_f1"], "at least 2"),
        ("parameters", "validation_accuracy"),
        (["milliseconds", "macro_f1"], "first aim is a measure of predictions; found millisec"),
    ],
)
def test_aims_that_cannot_be_are_refused(by: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Choose.model_validate({"by": by})


@pytest.mark.parametrize("sampler", ["gp", "cmaes"])
def test_sampler_with_one_aim_is_refused_for_several(sampler: str) -> None:
    search = {"sampler": sampler, "n_trials": 5, "space": {"seed": [1, 2]}}
    with pytest.raises(ValidationError, match=f"{sampler} has one aim, and choose.by has 2"):
        Experiment.model_validate({"search": search, "choose": {"by": AIMS}})
