"""Successive halving: trials of a random search that have low scores early are not trained further.

Jamieson and Talwalkar (2016), "Non-stochastic best arm identification and hyperparameter
optimization": all trials get a few epochs, the best of them `factor` times as many, and so on
until the last ones are trained to their end.

Hyperband (Li et al. 2018) divides the trials into brackets. Those of a later bracket are compared
later, so that a trial which improves late has a chance there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scenery.config.experiment import Choose
from scenery.config.search import Halving


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


def divide(trials: int, comparisons: int, halving: Halving) -> list[int]:
    """The bracket of each trial, in the order of the config: the comparison at which it begins.

    More trials keep the brackets of the first ones. The brackets have as many trials as in
    Hyperband: those that are compared more often begin with more.

    Args:
        trials: Number of trials.
        comparisons: Number of comparisons before the end.
        halving: Factor and number of brackets; as many are used as there are comparisons and one.
    """
    # A bracket of s further comparisons begins with factor**s / (s + 1) times as many trials.
    left = [comparisons - bracket for bracket in range(min(halving.brackets, comparisons + 1))]
    weights = [halving.factor**s / (s + 1) for s in left]
    shares = [weight / sum(weights) for weight in weights]
    counts = [0] * len(shares)
    found = []
    for number in range(1, trials + 1):
        # The bracket with the fewest trials, compared with its share.
        bracket = max(range(len(shares)), key=lambda b: (shares[b] * number - counts[b], -b))
        counts[bracket] += 1
        found.append(bracket)
    return found


def survivors_at(
    comparison: int,
    standings: Sequence[Ranking],
    brackets: Mapping[str, int],
    halving: Halving,
    how: Choose,
    earlier: Sequence[Ranking] = (),
) -> list[str]:
    """The trials that are trained beyond a comparison, in the order given.

    Args:
        comparison: Its number, from 0. Trials of later brackets are not compared yet.
        standings: The trials that have come so far.
        brackets: The bracket of each trial, by its id.
        halving: How many are trained on.
        how: The rule by which they are compared.
        earlier: The trials of earlier rounds that came to this comparison. As in ASHA (Li et al.
            2020), a trial goes on if it is among the best of all that have come so far.
    """
    kept: set[str] = set()
    for bracket in sorted(set(brackets.values())):
        own = [o for o in (*standings, *earlier) if brackets[o.trial] == bracket]
        kept |= {
            *(survivors(own, halving, how) if bracket <= comparison else (o.trial for o in own))
        }
    return [standing.trial for standing in standings if standing.trial in kept]


def survivors(standings: Sequence[Ranking], halving: Halving, how: Choose) -> list[str]:
    """The trials of a bracket that are trained on: one in `factor`, rounded up, in order.

    They are compared as the experiment chooses, by the best epoch so far.
    """
    sound = [standing for standing in standings if not standing.diverged]
    wanted = -(-len(standings) // halving.factor)
    if how.measure == "validation_loss":
        ranked = sorted(sound, key=lambda s: (s.loss, -s.accuracy))
    else:
        ranked = sorted(sound, key=lambda s: (-s.accuracy, s.loss))
    kept = {standing.trial for standing in ranked[:wanted]}
    return [standing.trial for standing in standings if standing.trial in kept]
