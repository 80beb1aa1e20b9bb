"""Successive halving: the trials of a random search that look hopeless early are not trained on.

Jamieson and Talwalkar (2016), "Non-stochastic best arm identification and hyperparameter
optimization": all trials get a few epochs, the best of them `factor` times as many, and so on
until the last ones are trained to their end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from scenery.config.search import Halving
from scenery.config.study import Choose


@dataclass(frozen=True)
class Ranking:
    """What a trial has reached so far on the validation images.

    Attributes:
        trial: The trial's id.
        diverged: Whether it has to be left behind whatever its figures.
        accuracy: Validation accuracy of its best epoch.
        loss: Validation loss of that epoch.
    """

    trial: str
    diverged: bool
    accuracy: float
    loss: float


def rungs(epochs: int, halving: Halving) -> tuple[int, ...]:
    """The epochs after which trials are compared, rising; the last comparison is the choice.

    Args:
        epochs: Epochs of a trial that is trained to its end.
        halving: Factor and shortest training.

    Returns:
        Such as (5, 16) for 50 epochs, a factor of 3 and at least 5; empty where not even one
        comparison leaves the first trials as many epochs as they should have.
    """
    found: list[int] = []
    epochs //= halving.factor
    while epochs >= halving.first_epochs:
        found.append(epochs)
        epochs //= halving.factor
    return tuple(reversed(found))


def survivors(standings: Sequence[Ranking], halving: Halving, how: Choose) -> list[str]:
    """The trials that are trained on: one in `factor`, rounded up, in the order given.

    They are compared as the experiment chooses, by the best epoch so far.
    """
    sound = [standing for standing in standings if not standing.diverged]
    wanted = -(-len(standings) // halving.factor)
    if how.by == "validation_loss":
        ranked = sorted(sound, key=lambda s: (s.loss, -s.accuracy))
    else:
        ranked = sorted(sound, key=lambda s: (-s.accuracy, s.loss))
    kept = {standing.trial for standing in ranked[:wanted]}
    return [standing.trial for standing in standings if standing.trial in kept]
