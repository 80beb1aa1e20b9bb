"""The update rules of the optimizers in NumPy, for many heads in one array.

Each rule computes what the optimizer of Keras computes. Arrays have one row per head, with all its
parameters. Rates differ between rows, and so may the number of updates.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from scenery.config.settings import Optimizer


@dataclass(frozen=True)
class Update:
    """One update of some heads. The content of `gradients` and `spare` is lost.

    Attributes:
        weights: Shape (heads, parameters).
        gradients: The same shape.
        state: The arrays of `UpdateRule.start`, of these heads.
        rate: Learning rate.
        steps: Shape (heads, 1), the number of this update, from 1.
        spare: Two arrays of the same shape as the weights.
    """

    weights: np.ndarray
    gradients: np.ndarray
    state: Sequence[np.ndarray]
    rate: float
    steps: np.ndarray
    spare: tuple[np.ndarray, np.ndarray]


class UpdateRule(ABC):
    """How an optimizer updates the parameters.

    Args:
        options: Options of the optimizer.

    Attributes:
        slots: Value at the start of each array that the rule keeps beside the parameters.
    """

    slots: ClassVar[tuple[float, ...]] = ()

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.decay = float(options["weight_decay"])
        self.epsilon = np.float32(options.get("epsilon", 0.0))
        self.beta_1 = float(options.get("beta_1", 0.0))
        self.beta_2 = float(options.get("beta_2", 0.0))
        self.rho = float(options.get("rho", 0.0))
        self.momentum = np.float32(options.get("momentum", 0.0))
        self.nesterov = bool(options.get("nesterov", False))

    def start(self, shape: tuple[int, int]) -> list[np.ndarray]:
        """The arrays that the rule keeps, before the first update.

        Args:
            shape: (heads, parameters).
        """
        return [np.full(shape, value, np.float32) for value in self.slots]

    def update(self, at: Update) -> None:
        """Update the weights in place."""
        if self.decay:
            np.multiply(at.weights, np.float32(self.decay * at.rate), out=at.spare[0])
            np.subtract(at.weights, at.spare[0], out=at.weights)
        self.move(at)

    @abstractmethod
    def move(self, at: Update) -> None:
        """Update the weights in place, after the weight decay."""


class _Sgd(UpdateRule):
    slots = (0.0,)

    def start(self, shape: tuple[int, int]) -> list[np.ndarray]:
        return super().start(shape) if self.momentum else []

    def move(self, at: Update) -> None:
        weights, gradients, spare = at.weights, at.gradients, at.spare[0]
        gradients *= np.float32(at.rate)
        if not self.momentum:
            weights -= gradients
            return
        velocity = at.state[0]
        velocity *= self.momentum
        velocity -= gradients
        if not self.nesterov:
            weights += velocity
            return
        np.multiply(velocity, self.momentum, out=spare)
        spare -= gradients
        weights += spare


class _RmsProp(UpdateRule):
    slots = (0.0, 0.0)

    def start(self, shape: tuple[int, int]) -> list[np.ndarray]:
        return super().start(shape)[: 2 if self.momentum else 1]

    def move(self, at: Update) -> None:
        weights, gradients = at.weights, at.gradients
        _average_squares(at.state[0], gradients, self.rho, at.spare[0])
        gradients *= np.float32(at.rate)
        gradients /= _root(at.state[0], self.epsilon, at.spare[0])
        if not self.momentum:
            weights -= gradients
            return
        velocity = at.state[1]
        velocity *= self.momentum
        velocity += gradients
        weights -= velocity


class _Adagrad(UpdateRule):
    slots = (0.1,)

    def move(self, at: Update) -> None:
        weights, gradients, squares = at.weights, at.gradients, at.state[0]
        np.multiply(gradients, gradients, out=at.spare[0])
        squares += at.spare[0]
        gradients *= np.float32(at.rate)
        gradients /= _root(squares, self.epsilon, at.spare[0])
        weights -= gradients


class _Adadelta(UpdateRule):
    slots = (0.0, 0.0)

    def move(self, at: Update) -> None:
        weights, gradients = at.weights, at.gradients
        squares, changes = at.state
        _average_squares(squares, gradients, self.rho, at.spare[0])
        gradients *= _root(changes, self.epsilon, at.spare[0])
        gradients /= _root(squares, self.epsilon, at.spare[0])
        _average_squares(changes, gradients, self.rho, at.spare[0])
        gradients *= np.float32(at.rate)
        weights -= gradients


class _Adam(UpdateRule):
    slots: ClassVar[tuple[float, ...]] = (0.0, 0.0)

    def move(self, at: Update) -> None:
        weights = at.weights
        denominator, change = at.spare
        np.sqrt(self._moments(at), out=denominator)
        denominator += self.epsilon
        rates = at.rate * np.sqrt(1 - self.beta_2**at.steps) / (1 - self.beta_1**at.steps)
        np.multiply(at.state[0], rates.astype(np.float32), out=change)
        change /= denominator
        weights -= change

    def _moments(self, at: Update) -> np.ndarray:
        """Update both moments; the second one."""
        _average(at.state[0], at.gradients, self.beta_1, at.spare[0])
        _average_squares(at.state[1], at.gradients, self.beta_2, at.spare[0])
        return at.state[1]


class _AmsGrad(_Adam):
    slots = (0.0, 0.0, 0.0)

    def _moments(self, at: Update) -> np.ndarray:
        second, largest = super()._moments(at), at.state[2]
        np.maximum(largest, second, out=largest)
        return largest


class _Adamax(UpdateRule):
    slots = (0.0, 0.0)

    def move(self, at: Update) -> None:
        weights = at.weights
        first, norm = at.state
        denominator, change = at.spare
        _average(first, at.gradients, self.beta_1, change)
        norm *= np.float32(self.beta_2)
        np.maximum(norm, np.abs(at.gradients, out=change), out=norm)
        np.add(norm, self.epsilon, out=denominator)
        rates = at.rate / (1 - self.beta_1**at.steps)
        np.multiply(first, rates.astype(np.float32), out=change)
        change /= denominator
        weights -= change


class _Nadam(UpdateRule):
    slots = (0.0, 0.0)

    def __init__(self, options: Mapping[str, Any]) -> None:
        super().__init__(options)
        # The product of the momenta up to each step.
        self._products = np.ones(1)

    def move(self, at: Update) -> None:
        weights, gradients = at.weights, at.gradients
        first, second = at.state
        denominator, change = at.spare
        _average(first, gradients, self.beta_1, change)
        _average_squares(second, gradients, self.beta_2, change)
        correction = 1 / (1 - self.beta_2**at.steps)
        np.multiply(second, correction.astype(np.float32), out=denominator)
        np.sqrt(denominator, out=denominator)
        denominator += self.epsilon
        now, following = self._momentum(at.steps), self._momentum(at.steps + 1)
        product = self._product(at.steps)
        of_moment = at.rate * following / (1 - product * following)
        of_gradient = at.rate * (1 - now) / (1 - product)
        np.multiply(first, of_moment.astype(np.float32), out=change)
        gradients *= of_gradient.astype(np.float32)
        change += gradients
        change /= denominator
        weights -= change

    def _momentum(self, steps: np.ndarray) -> np.ndarray:
        return np.asarray(self.beta_1 * (1.0 - 0.5 * 0.96**steps))

    def _product(self, steps: np.ndarray) -> np.ndarray:
        last = int(steps.max())
        if last >= len(self._products):
            momenta = self._momentum(np.arange(1, 2 * last + 1, dtype=np.float64))
            self._products = np.concatenate([[1.0], np.cumprod(momenta)])
        return self._products[steps.astype(int)]


RULES: dict[str, type[UpdateRule]] = {
    "SGD": _Sgd,
    "RMSprop": _RmsProp,
    "Adagrad": _Adagrad,
    "Adadelta": _Adadelta,
    "Adam": _Adam,
    "AMSGrad": _AmsGrad,
    "AdamW": _Adam,
    "Adamax": _Adamax,
    "Nadam": _Nadam,
}


def update_rule(optimizer: Optimizer) -> UpdateRule | None:
    """The rule of an optimizer; None where only Keras has one."""
    rule = RULES.get(optimizer.name)
    return None if rule is None else rule(optimizer.record.model_dump())


def _root(squares: np.ndarray, epsilon: np.float32, out: np.ndarray) -> np.ndarray:
    """The square root of the squares and a small number, in `out`."""
    np.add(squares, epsilon, out=out)
    return np.sqrt(out, out=out)


def _average(mean: np.ndarray, values: np.ndarray, beta: float, spare: np.ndarray) -> None:
    """beta * mean + (1 - beta) * values, in place."""
    mean *= np.float32(beta)
    np.multiply(values, np.float32(1 - beta), out=spare)
    mean += spare


def _average_squares(mean: np.ndarray, values: np.ndarray, beta: float, spare: np.ndarray) -> None:
    """beta * mean + (1 - beta) * values ^ 2, in place."""
    mean *= np.float32(beta)
    np.multiply(values, values, out=spare)
    spare *= np.float32(1 - beta)
    mean += spare
