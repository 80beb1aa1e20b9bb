"""The activations of dense layers in NumPy, with their derivatives."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import erf, expit

# The constants of Keras.
LEAK = np.float32(0.2)
SELU_ALPHA, SELU_SCALE = np.float32(1.6732632423543772), np.float32(1.0507009873554805)
HALF_ROOT, DENSITY = np.float32(0.5**0.5), np.float32(1 / (2 * np.pi) ** 0.5)


@dataclass(frozen=True)
class Activation:
    """A function of each value.

    Attributes:
        value: The function.
        slope: Its derivative, as a function of the input and of the output.
    """

    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray, np.ndarray], np.ndarray]


def _exponential(x: np.ndarray) -> np.ndarray:
    """exp(x) - 1 where x is negative, without overflow elsewhere."""
    return np.expm1(np.minimum(x, 0))


def _cumulative(x: np.ndarray) -> np.ndarray:
    """The normal distribution function."""
    return 0.5 * (1 + erf(x * HALF_ROOT))


ACTIVATIONS: dict[str, Activation] = {
    "linear": Activation(np.copy, lambda x, y: np.ones_like(x)),
    "relu": Activation(lambda x: np.maximum(x, 0), lambda x, y: x > 0),
    "leaky_relu": Activation(
        lambda x: np.where(x > 0, x, LEAK * x), lambda x, y: np.where(x > 0, np.float32(1), LEAK)
    ),
    "elu": Activation(
        lambda x: np.where(x > 0, x, _exponential(x)),
        lambda x, y: np.where(x > 0, np.float32(1), y + 1),
    ),
    "selu": Activation(
        lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * _exponential(x)),
        lambda x, y: np.where(x > 0, SELU_SCALE, y + SELU_SCALE * SELU_ALPHA),
    ),
    "tanh": Activation(np.tanh, lambda x, y: 1 - y * y),
    "sigmoid": Activation(expit, lambda x, y: y * (1 - y)),
    "swish": Activation(lambda x: x * expit(x), lambda x, y: expit(x) + y * (1 - expit(x))),
    "gelu": Activation(
        lambda x: x * _cumulative(x),
        lambda x, y: _cumulative(x) + x * DENSITY * np.exp(-0.5 * x * x),
    ),
}
