"""Successive halving: who ends early, and what it is refused for."""

from typing import Any

import pytest

from scenery.config.experiment import Choose
from scenery.config.search import Halving
from scenery.config.validation import read_study
from scenery.errors import UserError
from scenery.study.checks import check_study
from scenery.study.successive_halving import Ranking, divide, rungs, survivors, survivors_at


@pytest.mark.parametrize(
    ("epochs", "factor", "first", "expected"),
    [
        (50, 3, 5, (5, 16)),
        (50, 3, 3, (5, 16)),
        (27, 3, 1, (1, 3, 9)),
        (8, 2, 1, (1, 2, 4)),
        (8, 2, 3, (4,)),
        (8, 3, 3, ()),
        (1, 2, 1, ()),
    ],
)
def test_each_rung_is_factor_times_as_long_as_the_one_before(
    epochs: int, factor: int, first: int, expected: tuple[int, ...]
) -> None:
    assert rungs(epochs, Halving(factor=factor, first_epochs=first)) == expected


def standings(*accuracies: float, losses: tuple[float, ...] = ()) -> list[Ranking]:
    losses = losses or (1.0,) * len(accuracies)
    return [
        Ranking(f"t{number}", accuracy < 0, accuracy, loss)
        for number, (accuracy, loss) in enumerate(zip(accuracies, losses, strict=True))
    ]


def test_one_in_factor_goes_on_rounded_up_in_the_order_given() -> None:
    halving = Halving(factor=3)
    assert survivors(standings(0.5, 0.9, 0.6, 0.8), halving, Choose()) == ["t1", "t3"]
    assert survivors(standings(0.5), halving, Choose()) == ["t0"]


def test_equal_accuracies_are_told_apart_by_the_loss() -> None:
    tied = standings(0.5, 0.5, 0.4, losses=(2.0, 1.0, 0.1))
    assert survivors(tied, Halving(factor=3), Choose()) == ["t1"]
    assert survivors(tied, Halving(factor=3), Choose(by="validation_loss")) == ["t2"]


def test_what_diverged_never_goes_on() -> None:
    assert survivors(standings(-1.0, -1.0, -1.0, 0.2), Halving(factor=2), Choose()) == ["t3"]
    assert survivors(standings(-1.0, -1.0), Halving(factor=2), Choose()) == []


def test_brackets_have_the_trials_of_hyperband_and_more_trials_keep_them() -> None:
    halving = Halving(factor=3, brackets=3)
    found = divide(22, 2, halving)
    # Of 5.5 parts 3 are compared twice, 1.5 once and 1 never.
    assert [found.count(bracket) for bracket in range(3)] == [12, 6, 4]
    for trials in range(22):
        assert divide(trials, 2, halving) == found[:trials]
    assert divide(4, 2, Halving(factor=3)) == [0] * 4
    # There is one bracket more than comparisons.
    assert set(divide(40, 1, Halving(factor=3, brackets=9))) == {0, 1}


def test_trials_are_compared_with_those_of_their_bracket() -> None:
    halving, how = Halving(factor=2, brackets=2), Choose()
    brackets = {"t0": 0, "t1": 0, "t2": 1, "t3": 1}
    ranked = standings(0.9, 0.8, 0.1, 0.2)
    # Those of the later bracket are not compared at first.
    assert survivors_at(0, ranked, brackets, halving, how) == ["t0", "t2", "t3"]
    assert survivors_at(1, ranked, brackets, halving, how) == ["t0", "t3"]


def test_trials_of_a_round_are_compared_with_those_before() -> None:
    halving, how = Halving(factor=2), Choose()
    brackets = dict.fromkeys(("t0", "t1", "old", "older"), 0)
    ranked = standings(0.7, 0.6)
    assert survivors_at(0, ranked, brackets, halving, how) == ["t0"]
    better = [Ranking(name, False, 0.9, 1.0) for name in ("old", "older")]
    assert survivors_at(0, ranked, brackets, halving, how, better) == []
    worse = [Ranking(name, False, 0.1, 1.0) for name in ("old", "older")]
    assert survivors_at(0, ranked, brackets, halving, how, worse) == ["t0", "t1"]


def halved(space: dict[str, Any] | None = None, **more: Any) -> None:
    experiment = {
        "random": {
            "n_trials": 4,
            "space": space or {"head.dropout": {"uniform": [0, 0.5]}},
            "halving": {},
        },
        **more,
    }
    base = {"backbone": "SqueezeNet", "weights": "none"}
    check_study(read_study({"base": base, "experiments": {"a": experiment}}, "s.yaml"), "s.yaml")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"overrides": {"epochs": 5}}, "epochs: 5 and factor: 3 no trial could end early .* 3"),
        ({"repeats": 2}, "repeats must be 1; found 2"),
        ({"choose": {"by": "macro_f1"}}, "there is no macro_f1; choose.by must be validation_acc"),
        ({"space": {"epochs": [20, 30, 40, 50]}}, "only if all have the same epochs; found 20"),
        ({"space": {"trainable": ["head", "all"], "seed": [1, 2]}}, "same jobs; found fine_tune"),
    ],
)
def test_halving_that_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    halved()
    with pytest.raises(UserError, match=message):
        halved(**wrong)
