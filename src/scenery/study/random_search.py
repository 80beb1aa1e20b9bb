"""Random search: draws that depend on the seed and their number alone."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scenery.config.search import Distribution, Sampled
from scenery.errors import UserError
from scenery.messages import short_repr
from scenery.study.search_space import (
    hashed_share,
    in_order_of_conditions,
    is_active,
    value_at,
    values_key,
)

MAX_REDRAWS = 1000
# Spaces of more combinations are not counted beforehand.
MAX_COUNTED = 100_000


def draw(
    random: Sampled,
    source: str,
    keep: Callable[[dict[str, Any]], dict[str, Any]] = lambda values: values,
) -> list[dict[str, Any]]:
    """The settings drawn for each trial of a search, without repeats.

    Trial i depends on the seed, the space and i only, so that raising the number of trials keeps
    the first ones (prefix-stable), and each setting has a stream of its own, so that a setting
    added to the space leaves the values of the others alone.

    Args:
        random: Number of trials, seed and space.
        source: Where it was written, for messages.
        keep: Gives the drawn values without those that have no effect.

    Returns:
        One dictionary of dotted names and values per trial.

    Raises:
        UserError: When the space has fewer combinations than trials are asked for, or a
            condition names a setting that is not drawn.
    """
    _check_conditions(random.space, source)
    available = _combinations(random.space)
    if available is not None and available < random.n_trials:
        raise UserError(
            f"{source}.n_trials: {random.n_trials} trials are asked for, but the space has "
            f"{available} different combinations; ask for at most {available}"
        )
    drawn: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number in range(random.n_trials):
        for attempt in range(MAX_REDRAWS):
            values = keep(draw_one(random, number, attempt))
            key = values_key(values)
            if key not in seen:
                break
        else:
            raise UserError(
                f"{source}.n_trials: after {number} different trials {MAX_REDRAWS} draws gave "
                f"nothing new; ask for at most {number} or widen the space"
            )
        seen.add(key)
        drawn.append(values)
    return drawn


def draw_one(
    random: Sampled, number: int, attempt: int = 0, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One sample of a space.

    Args:
        random: Seed and space.
        number: Number of the trial.
        attempt: How often its samples were refused so far.
        given: Values that are not sampled, of settings whose conditions hold.
    """
    values: dict[str, Any] = {}
    for name in in_order_of_conditions(random.space):
        if is_active(random.space[name], values):
            share = hashed_share(f"{random.seed}/{number}/{attempt}/{name}")
            fixed = given or {}
            values[name] = fixed[name] if name in fixed else value_at(random.space[name], share)
    return {name: values[name] for name in random.space if name in values}


def _check_conditions(space: Mapping[str, Distribution], source: str) -> None:
    for name, distribution in space.items():
        for other, allowed in distribution.when.items():
            if other not in space or other == name:
                raise UserError(
                    f"{source}.space.{name}.when: {other} is not drawn here; a condition names "
                    f"another setting of the space ({', '.join(n for n in space if n != name)})"
                )
            possible = space[other].choice
            if possible is not None and not any(value in possible for value in allowed):
                raise UserError(
                    f"{source}.space.{name}.when.{other}: {short_repr(allowed)} can never be "
                    f"drawn; drawn are {short_repr(list(possible))}"
                )
    if len(in_order_of_conditions(space)) < len(space):
        raise UserError(f"{source}.space: conditions (`when`) that depend on each other")


def _combinations(space: Mapping[str, Distribution]) -> int | None:
    """How many different draws there can be; None where they are not countable."""
    values: dict[str, Sequence[Any]] = {}
    count = 1
    for name, distribution in space.items():
        if distribution.choice is not None:
            values[name] = distribution.choice
            count *= len(distribution.choice)
        elif distribution.integer is not None and distribution.step is None:
            low, high = distribution.integer
            values[name] = range(low, high + 1)
            # Not len(), which stops at 2**63.
            count *= high - low + 1
        else:
            return None
    if count > MAX_COUNTED:
        return None
    different: set[str] = set()
    for combination in itertools.product(*values.values()):
        full = dict(zip(values, combination, strict=True))
        kept: dict[str, Any] = {}
        for name in in_order_of_conditions(space):
            if is_active(space[name], kept):
                kept[name] = full[name]
        different.add(values_key(kept))
    return len(different)
