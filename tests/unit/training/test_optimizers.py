"""Optimizers built from settings."""

from typing import Any

import keras
import numpy as np
import pytest

from scenery.config.settings import OPTIMIZERS, Optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizer_lowers_a_loss(name: str) -> None:
    # Adadelta's own steps are tiny at first; its authors use a rate of 1.
    rate = 1.0 if name == "Adadelta" else 0.05
    optimizer = Optimizer(name=name, learning_rate=rate).record.build()
    assert float(optimizer.learning_rate.numpy()) == pytest.approx(rate)
    weight = keras.Variable([3.0, -2.0])
    before = np.abs(weight.numpy())
    for _ in range(20):
        optimizer.apply([2 * weight.value], [weight])
    assert np.all(np.abs(weight.numpy()) < before)


def test_optimizer_is_that_of_keras() -> None:
    made = {name: Optimizer(name=name).record.build() for name in OPTIMIZERS}
    for name, optimizer in made.items():
        assert type(optimizer).__name__ == {"AMSGrad": "Adam"}.get(name, name)
    assert made["AMSGrad"].amsgrad
    assert not made["Adam"].amsgrad
    assert made["AdamW"].weight_decay == 0.004
    assert made["Adam"].weight_decay is None


@pytest.mark.parametrize(
    ("settings", "attribute", "value"),
    [
        ({"name": "SGD", "momentum": 0.9}, "momentum", 0.9),
        ({"name": "SGD", "momentum": 0.9, "nesterov": True}, "nesterov", True),
        ({"name": "RMSprop", "momentum": 0.5}, "momentum", 0.5),
        ({"name": "Adam", "weight_decay": 0.01}, "weight_decay", 0.01),
        ({"name": "SGD", "weight_decay": 0.01}, "weight_decay", 0.01),
        ({"name": "AdamW", "weight_decay": 0.1}, "weight_decay", 0.1),
    ],
)
def test_optimizer_option_is_passed_to_keras(
    settings: dict[str, Any], attribute: str, value: Any
) -> None:
    assert getattr(Optimizer(**settings).record.build(), attribute) == value


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_constants_of_an_optimizer_are_those_of_keras_unless_set(name: str) -> None:
    record = Optimizer(name=name).record
    constants = {"rho", "beta_1", "beta_2", "epsilon"} & set(type(record).model_fields)
    usual = getattr(keras.optimizers, record.keras_class)()
    for option in constants:
        assert getattr(record, option) == getattr(usual, option)
        built = Optimizer(name=name, **{option: 0.5}).record.build()
        assert getattr(built, option) == 0.5


def test_adamw_without_decay_keeps_weights() -> None:
    optimizer = Optimizer(name="AdamW", weight_decay=0.0, learning_rate=0.1).record.build()
    weight = keras.Variable([1.0])
    optimizer.apply([np.zeros(1, "float32")], [weight])
    assert weight.numpy()[0] == 1.0
