"""Random search: draws that depend on the seed and their number alone."""

import hashlib
import itertools
import json
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scenery.config.search import Distribution, Random
from scenery.errors import UserError
from scenery.messages import short_repr

MAX_REDRAWS = 1000
# Spaces of more combinations are not counted beforehand.
MAX_COUNTED = 100_000


def draw(
    random: Random,
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
            values = keep(_draw_one(random, number, attempt))
            key = _key(values)
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


def _draw_one(random: Random, number: int, attempt: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in _in_order_of_conditions(random.space):
        distribution = random.space[name]
        if all(values.get(other) in allowed for other, allowed in distribution.when.items()):
            share = _share(f"{random.seed}/{number}/{attempt}/{name}")
            values[name] = _value(distribution, share)
    return {name: values[name] for name in random.space if name in values}


def _share(key: str) -> float:
    # A hash and not a generator: the same on every platform and Python, and no state to keep.
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64


def _value(distribution: Distribution, share: float) -> Any:
    if distribution.choice is not None:
        return distribution.choice[int(share * len(distribution.choice))]
    if distribution.integer is not None:
        first, last = distribution.integer
        whole = first + int(share * (last - first + 1))
        return whole if distribution.step is None else _whole_multiple(whole, distribution)
    value, low, high = _number(distribution, share)
    if distribution.step is not None:
        return _multiple(value, distribution.step, low, high)
    return _readable(value, low, high)


def _number(distribution: Distribution, share: float) -> tuple[float, float, float]:
    """A number at a share of the distribution, and the bounds of the distribution."""
    if distribution.uniform is not None:
        start, end = distribution.uniform
        return start + share * (end - start), start, end
    if distribution.loguniform is not None:
        start, end = distribution.loguniform
        return math.exp(math.log(start) + share * (math.log(end) - math.log(start))), start, end
    low, high = distribution.bounds or (-math.inf, math.inf)
    if distribution.normal is not None:
        return _truncated(*distribution.normal, low, high, share), low, high
    assert distribution.lognormal is not None
    median, deviation = distribution.lognormal
    log_low = math.log(low) if low > 0 else -math.inf
    log_high = math.log(high) if high < math.inf else math.inf
    log_value = _truncated(math.log(median), deviation, log_low, log_high, share)
    return math.exp(log_value), max(low, 0.0), high


def _truncated(mean: float, deviation: float, low: float, high: float, share: float) -> float:
    """The quantile of a normal distribution that is cut off at two numbers."""
    normal = statistics.NormalDist(mean, deviation)
    first, last = normal.cdf(low), normal.cdf(high)
    # The inverse is not defined at 0 and 1.
    quantile = min(max(first + share * (last - first), 1e-12), 1 - 1e-12)
    return min(max(normal.inv_cdf(quantile), low), high)


def _multiple(value: float, step: float, low: float, high: float) -> float:
    """The nearest multiple of a step between two numbers; the value if there is none."""
    count = round(value / step)
    if count * step < low:
        count += 1
    elif count * step > high:
        count -= 1
    # A product such as 3 * 0.1 has digits that nobody wrote.
    multiple = float(f"{count * step:.10g}")
    return multiple if low <= multiple <= high else _readable(value, low, high)


def _whole_multiple(value: int, distribution: Distribution) -> int:
    assert distribution.integer is not None
    assert distribution.step is not None
    return round(_multiple(value, distribution.step, *distribution.integer))


def _readable(value: float, start: float, end: float) -> float:
    # Four digits tell trials apart and can be typed into a config; a bound such as 0.99999 must
    # not become 1.
    return min(max(float(f"{value:.4g}"), start), end)


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
    if len(_in_order_of_conditions(space)) < len(space):
        raise UserError(f"{source}.space: conditions (`when`) that depend on each other")


def _in_order_of_conditions(space: Mapping[str, Distribution]) -> list[str]:
    """Settings so ordered that each comes after those that its condition names."""
    ordered: list[str] = []
    waiting = list(space)
    while ready := [n for n in waiting if all(o in ordered for o in space[n].when)]:
        ordered += ready
        waiting = [name for name in waiting if name not in ready]
    return ordered


def _key(values: Mapping[str, Any]) -> str:
    # YAML knows values that JSON does not, such as dates; the settings will refuse them.
    return json.dumps(values, sort_keys=True, default=repr)


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
        for name in _in_order_of_conditions(space):
            if all(kept.get(o) in allowed for o, allowed in space[name].when.items()):
                kept[name] = full[name]
        different.add(_key(kept))
    return len(different)
