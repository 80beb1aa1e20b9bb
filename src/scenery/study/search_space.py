"""The space of a search: values of its distributions, and its conditions."""

import hashlib
import json
import math
import statistics
from collections.abc import Mapping
from typing import Any

from scenery.config.search import Distribution

Space = Mapping[str, Distribution]


def values_at(space: Space, shares: Mapping[str, float]) -> dict[str, Any]:
    """The values of the settings whose conditions hold, in the order of the space.

    Args:
        space: The distributions.
        shares: For each setting a number from 0 to 1: how much of its distribution lies below.
    """
    values: dict[str, Any] = {}
    for name in in_order_of_conditions(space):
        if is_active(space[name], values):
            values[name] = value_at(space[name], shares[name])
    return {name: values[name] for name in space if name in values}


def is_active(distribution: Distribution, values: Mapping[str, Any]) -> bool:
    """Whether the conditions of a setting hold for the values of the others."""
    return all(values.get(other) in allowed for other, allowed in distribution.when.items())


def hashed_share(key: str) -> float:
    """A number from 0 to 1 that depends on a text alone."""
    # A hash and not a generator: the same on every platform and Python, and no state to keep.
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64


def value_at(distribution: Distribution, share: float) -> Any:
    """The value below which a share of a distribution lies, rounded to be readable."""
    if distribution.choice is not None:
        return distribution.choice[
            min(int(share * len(distribution.choice)), len(distribution.choice) - 1)
        ]
    if distribution.integer is not None:
        first, last = distribution.integer
        whole = min(first + int(share * (last - first + 1)), last)
        return whole if distribution.step is None else _whole_multiple(whole, distribution)
    value, low, high = _number(distribution, share)
    if distribution.step is not None:
        return _multiple(value, distribution.step, low, high)
    return _readable(value, low, high)


def share_of(distribution: Distribution, value: Any) -> float:
    """How much of a distribution lies below a value, from 0 to 1: the inverse of `value_at`."""
    if distribution.choice is not None:
        return (distribution.choice.index(value) + 0.5) / len(distribution.choice)
    if distribution.integer is not None:
        least, most = distribution.integer
        return float((value - least + 0.5) / (most - least + 1))
    if distribution.uniform is not None:
        start, end = distribution.uniform
        return float((value - start) / (end - start))
    if distribution.loguniform is not None:
        start, end = distribution.loguniform
        return math.log(value / start) / math.log(end / start)
    low, high = distribution.bounds or (-math.inf, math.inf)
    if distribution.normal is not None:
        normal = statistics.NormalDist(*distribution.normal)
    else:
        assert distribution.lognormal is not None
        median, deviation = distribution.lognormal
        normal = statistics.NormalDist(math.log(median), deviation)
        value, low, high = (math.log(x) if x > 0 else -math.inf for x in (value, low, high))
    first, last = normal.cdf(low), normal.cdf(high)
    return (normal.cdf(value) - first) / (last - first)


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


def readable(distribution: Distribution, value: float) -> Any:
    """A number that was sampled elsewhere, rounded as `value_at` rounds it."""
    if distribution.integer is not None:
        return _whole_multiple(int(value), distribution) if distribution.step else int(value)
    low, high = distribution.uniform or distribution.loguniform or (-math.inf, math.inf)
    if distribution.step is not None:
        return _multiple(value, distribution.step, low, high)
    return _readable(value, low, high)


def _readable(value: float, start: float, end: float) -> float:
    # Four digits tell trials apart and can be typed into a config; a bound such as 0.99999 must
    # not become 1.
    return min(max(float(f"{value:.4g}"), start), end)


def in_order_of_conditions(space: Space) -> list[str]:
    """Settings so ordered that each comes after those that its condition names."""
    ordered: list[str] = []
    waiting = list(space)
    while ready := [n for n in waiting if all(o in ordered for o in space[n].when)]:
        ordered += ready
        waiting = [name for name in waiting if name not in ready]
    return ordered


def values_key(values: Mapping[str, Any]) -> str:
    """A text that two dictionaries of values share if they are equal."""
    # YAML knows values that JSON does not, such as dates; the settings will refuse them.
    return json.dumps(values, sort_keys=True, default=repr)
