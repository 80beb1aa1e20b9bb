"""Advice on settings of transfer learning."""

from typing import Any

import pytest

from scenery.config.settings import Settings
from scenery.study.advice import advice, high_rate, rule_of_thumb


@pytest.mark.parametrize(
    ("optimizer", "more", "high"),
    [
        ({"name": "Adam", "learning_rate": 1e-3}, {}, True),
        ({"name": "Adam", "learning_rate": 1e-4}, {}, False),
        ({"name": "SGD", "learning_rate": 1e-3}, {}, False),
        ({"name": "SGD", "learning_rate": 0.05}, {"trainable": "head+1"}, True),
        ({"name": "Adadelta", "learning_rate": 0.1}, {}, False),
        # A new head and random weights learn at the usual rate.
        ({"name": "Adam", "learning_rate": 1e-2}, {"trainable": "head"}, False),
        ({"name": "Adam", "learning_rate": 1e-2}, {"trainable": "scratch"}, False),
        ({"name": "Adam", "learning_rate": 1e-2}, {"weights": "none"}, False),
    ],
)
def test_high_rate_is_one_that_is_usual_for_random_weights(
    optimizer: dict[str, Any], more: dict[str, Any], high: bool
) -> None:
    text = high_rate(Settings(optimizer=optimizer, **{"trainable": "all", **more}))
    assert text.startswith("optimizer.learning_rate") == high


def test_advice_says_each_line_once() -> None:
    trial = Settings(trainable="all", optimizer={"learning_rate": 0.01})
    assert len(advice([trial, trial.model_copy(update={"seed": 2}), Settings()])) == 1


@pytest.mark.parametrize(
    ("per_class", "similar", "usual"),
    [
        (50, True, "Usual settings: trainable: head."),
        (50, False, "Usual settings: trainable: head on a lower cut, or classical models."),
        (500, True, "Usual settings: trainable: from:LAYER or all, at a low rate."),
        (500, False, "Usual settings: trainable: all, or scratch."),
        (50, None, "a frozen backbone is usual. Vary remove_stages"),
        (500, None, "fine-tuning at a low rate is usual. Vary remove_stages"),
    ],
)
def test_rule_of_thumb_follows_number_and_kind_of_the_images(
    per_class: float, similar: bool | None, usual: str
) -> None:
    text = rule_of_thumb(per_class, similar)
    assert usual in text
    assert text.startswith("Few" if per_class < 100 else "Many")
