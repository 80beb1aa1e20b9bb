"""The update rules in NumPy compute what the optimizers of Keras do."""

from typing import Any

import keras
import numpy as np
import pytest

from scenery.config.settings import Optimizer
from scenery.training.update_rules import RULES, Update, UpdateRule, update_rule

STEPS = 12
OPTIONS: list[dict[str, Any]] = [
    *({"name": name} for name in RULES),
    {"name": "SGD", "momentum": 0.9},
    {"name": "SGD", "momentum": 0.9, "nesterov": True},
    {"name": "RMSprop", "momentum": 0.5, "rho": 0.7, "epsilon": 1e-2},
    {"name": "Nadam", "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-2},
    {"name": "Adam", "weight_decay": 0.1},
    {"name": "SGD", "weight_decay": 0.1},
    {"name": "AdamW", "weight_decay": 0.0},
]


def gradients(heads: int) -> np.ndarray:
    """Random gradients, shape (steps, heads, parameters)."""
    return np.random.default_rng(1).normal(size=(STEPS, heads, 6)).astype(np.float32)


def update(
    rule: UpdateRule, weights: np.ndarray, state: list[np.ndarray], given: np.ndarray, step: int
) -> None:
    rate = 0.05 / step
    spare = (np.empty_like(weights), np.empty_like(weights))
    steps = np.full((len(weights), 1), float(step))
    rule.update(Update(weights, given.copy(), state, rate, steps, spare))


def start(rule: UpdateRule, heads: int) -> tuple[np.ndarray, list[np.ndarray]]:
    weights = np.linspace(-1, 1, 6 * heads, dtype=np.float32).reshape(heads, 6)
    return weights, rule.start(weights.shape)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_update_rule_gives_what_keras_gives(options: dict[str, Any]) -> None:
    optimizer = Optimizer(**options)
    rule = update_rule(optimizer)
    assert rule is not None
    weights, state = start(rule, 2)
    variable = keras.Variable(weights)
    theirs = optimizer.record.build()
    theirs.build([variable])
    for step, given in enumerate(gradients(2), start=1):
        theirs.learning_rate.assign(0.05 / step)
        theirs.apply([keras.ops.convert_to_tensor(given)], [variable])
        update(rule, weights, state, given, step)
        np.testing.assert_allclose(weights, variable.numpy(), rtol=1e-5, atol=1e-6)
    assert not np.allclose(weights, start(rule, 2)[0], atol=1e-4)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_update_rule_of_many_heads_is_that_of_each_alone(options: dict[str, Any]) -> None:
    """Also where the heads have made different numbers of updates."""
    optimizer = Optimizer(**options)
    together, alone = update_rule(optimizer), update_rule(optimizer)
    assert together is not None and alone is not None
    weights, state = start(together, 3)
    expected = [start(alone, 3)[0][head : head + 1].copy() for head in range(3)]
    states = [alone.start((1, 6)) for _ in range(3)]
    # The last head starts one update later.
    for number, given in enumerate(gradients(3)):
        heads = slice(0, 2 if number == 0 else 3)
        steps = np.array([[number + 1.0], [number + 1.0], [number]])[heads]
        spare = (np.empty_like(given[heads]), np.empty_like(given[heads]))
        parts = [array[heads] for array in state]
        together.update(Update(weights[heads], given[heads].copy(), parts, 0.05, steps, spare))
        for head in range(3)[heads]:
            one = given[head : head + 1]
            spare = (np.empty_like(one), np.empty_like(one))
            at = steps[head : head + 1]
            alone.update(Update(expected[head], one.copy(), states[head], 0.05, at, spare))
    assert np.array_equal(weights, np.concatenate(expected))


def test_update_rule_of_an_unknown_optimizer_is_none() -> None:
    optimizer = Optimizer(name="SGD").model_copy(update={"name": "an optimizer added later"})
    assert update_rule(optimizer) is None
