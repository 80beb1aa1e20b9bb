"""Resources of jobs: memory, time and processors."""

import inspect
import math
import os
from collections.abc import Callable
from typing import Any

from scenery.image_size import ImageSize, sides

MIN_THREADED_SIZE = 128
SIGNATURE = inspect.signature(lambda wildcards, attempt: None)


def per_attempt(amount: int) -> Callable[[Any, int], int]:
    """A resource that grows with each attempt, since a retry may need more.

    Args:
        amount: What the first attempt gets: MiB of memory, or minutes.
    """

    def resource(wildcards: Any, attempt: int) -> int:
        return amount * attempt

    # Snakemake asks for it a dozen times for each job, and finding it out takes longer.
    resource.__signature__ = SIGNATURE  # type: ignore[attr-defined]
    return resource


def forward_threads(size: ImageSize) -> int:
    """Processors of a job that runs a whole network on images.

    On few cores such a job would leave the others idle when it is alone; on many, one job for
    each core would need the memory of as many networks. Small images leave threads nothing to
    share, and most of the job's time is its start, so jobs side by side are faster.

    Args:
        size: Size of the images in pixels.
    """
    return 4 if math.prod(sides(size)) >= MIN_THREADED_SIZE**2 else 1


def trial_threads(trials: int) -> int:
    """Processors of a job that runs many trials on features, each of which uses one.

    A few trials take less time than the start of a job, so that jobs side by side are faster.

    Args:
        trials: Number of trials of the job.
    """
    return min(4, max(1, trials // 10))


def cores() -> int:
    """Number of processors that this process can use."""
    # Not every system says which of its processors a process may use.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
