"""Proposals of a round of a search, from the seed and the results of the rounds before.

Only the job that proposes imports this module, since it needs Optuna and scikit-learn.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from scenery.config.search import Search
from scenery.errors import UserError
from scenery.study.gaussian_process import GaussianProcess, sobol_point
from scenery.study.optuna_samplers import OptunaSampler
from scenery.study.random_search import MAX_REDRAWS, draw_one
from scenery.study.rounds import Values
from scenery.study.search_space import values_at, values_key

# A sampler that repeats itself so often is followed by random samples.
MAX_ASKED = 20


@dataclass(frozen=True)
class Told:
    """What is known of a proposal of an earlier round.

    Attributes:
        values: The values of its settings.
        scores: Its measures, one for each aim; None if it failed.
        stopped_after: The epoch after which successive halving stopped it; None: it completed.
    """

    values: Values
    scores: tuple[float, ...] | None
    stopped_after: int | None = None


class Sampler(Protocol):
    """Proposes the values of one trial after another."""

    def ask(self, number: int, attempt: int) -> Values:
        """Values for a trial.

        Args:
            number: Number of the trial in the search, from 0.
            attempt: How often its values were refused so far, as they were there already.
        """

    def accept(self, values: Values) -> None:
        """Take note that values are a proposal of this round."""

    def tell(self, results: Sequence[Told]) -> None:
        """End the round: all its proposals have results or failed."""


class StatelessSampler:
    """A sampler whose samples depend on the number of the trial alone."""

    def __init__(self, sample: Callable[[int, int], Values]) -> None:
        self.ask = sample

    def accept(self, values: Values) -> None:
        """Nothing to note."""

    def tell(self, results: Sequence[Told]) -> None:
        """Nothing to learn."""


def propose(
    search: Search,
    maximize: Sequence[bool],
    rounds: Sequence[Sequence[Told]],
    count: int,
    keep: Callable[[Values], Values] = lambda values: values,
    known: Sequence[Told] = (),
    is_known: Callable[[Values], bool] = lambda values: False,
) -> list[Values]:
    """The proposals of the round after the given ones, none of which is there already.

    More proposals keep the first ones. Values that were proposed before are not proposed again.

    Args:
        search: Sampler, seed and space.
        maximize: For each aim whether higher is better.
        rounds: The rounds before.
        count: Number of proposals.
        keep: Gives values without those that have no effect.
        known: What is known before the first round.
        is_known: Whether values have been tried before the first round.

    Raises:
        UserError: When the space has nothing new.
    """
    sampler = make_sampler(search, maximize)
    sampler.tell(known)
    rule = _Rule(keep, is_known)
    seen: set[str] = set()
    number = 0
    for told in rounds:
        if isinstance(sampler, OptunaSampler) and sampler.replays:
            # Its state follows from everything that it was asked and told.
            _round(search, sampler, number, len(told), set(seen), rule)
        sampler.tell(told)
        seen |= {values_key(one.values) for one in told}
        number += len(told)
    return _round(search, sampler, number, count, seen, rule)


@dataclass(frozen=True)
class _Rule:
    """Which values may be proposed; attributes as the arguments of `propose`."""

    keep: Callable[[Values], Values]
    is_known: Callable[[Values], bool]


def _round(
    search: Search,
    sampler: Sampler,
    number: int,
    count: int,
    seen: set[str],
    rule: _Rule,
) -> list[Values]:
    found: list[Values] = []
    for trial in range(number, number + count):
        for attempt in range(MAX_ASKED + MAX_REDRAWS):
            if attempt < MAX_ASKED:
                values = rule.keep(sampler.ask(trial, attempt))
            else:
                values = rule.keep(draw_one(search, trial, attempt))
            if values_key(values) not in seen and not rule.is_known(values):
                break
        else:
            raise UserError(
                f"search.n_trials: after {trial} different trials there was nothing new in "
                f"{MAX_REDRAWS} samples; ask for at most {trial} or widen the space"
            )
        seen.add(values_key(values))
        sampler.accept(values)
        found.append(values)
    return found


def make_sampler(search: Search, maximize: Sequence[bool]) -> Sampler:
    """The sampler of a search. Arguments as of `propose`."""
    if search.sampler == "random":
        return StatelessSampler(lambda number, attempt: draw_one(search, number, attempt))
    if search.sampler == "qmc":
        return StatelessSampler(sobol_sampler(search))
    if search.sampler == "gp":
        return GaussianProcess(search, maximize[0])
    return OptunaSampler(search, maximize)


def sobol_sampler(search: Search) -> Callable[[int, int], Values]:
    """Samples of a scrambled Sobol sequence, one dimension for each setting."""
    names = sorted(search.space)

    def sample(number: int, attempt: int) -> Values:
        if attempt:
            return draw_one(search, number, attempt)
        point = sobol_point(len(names), search.seed, number)
        return values_at(search.space, dict(zip(names, point, strict=True)))

    return sample
