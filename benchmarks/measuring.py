"""Measurements on a shared machine: both sides in turn, and the median of the ratios.

The speed of a shared machine changes within minutes. Both sides run in turn (A B A B ...), so a
change affects both, and the ratio within a round is more precise than the seconds.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scenery.pipeline.resources import cores

ROUNDS = 7


@dataclass(frozen=True)
class Spread:
    """Median and quartiles of some measurements."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of at least one value."""
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(statistics.median(values), low, high, len(values))

    def __str__(self) -> str:
        digits = 0 if self.median >= 100 else 1 if self.median >= 10 else 2
        low, high = f"{self.low:.{digits}f}", f"{self.high:.{digits}f}"
        return f"{self.median:.{digits}f} ({low} to {high})"


def in_turn(sides: Sequence[Callable[[], float]], rounds: int = ROUNDS) -> list[list[float]]:
    """The results of all sides, round by round: A B C, A B C, ...

    Returns:
        One list for each round, with one number for each side.
    """
    return [[side() for side in sides] for _ in range(rounds)]


def ratios(rounds: Sequence[Sequence[float]], over: int, under: int) -> Spread:
    """Side `over` divided by side `under` within each round."""
    return Spread.of([values[over] / values[under] for values in rounds])


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def machine() -> str:
    """Processor, usable cores and memory, without the name of the machine."""
    model = platform.processor() or platform.machine()
    described = Path("/proc/cpuinfo")
    if described.exists():
        names = [line for line in described.read_text().splitlines() if "model name" in line]
        model = names[0].partition(":")[2].strip() if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{model}, {cores()} cores, {memory:.0f} GiB, {platform.system()}"
