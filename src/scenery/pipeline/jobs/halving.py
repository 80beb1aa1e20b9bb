"""Jobs of successive halving."""

from pathlib import Path

from scenery.config.experiment import Choose
from scenery.config.search import Halving
from scenery.pipeline.jobs.base import Job


class HalvingPlan(Job):
    """When and how the trials of an experiment are compared before their end.

    Attributes:
        rungs: The epochs after which they are compared, rising.
        halving: How many go on.
        choose: The rule by which they are ranked.
        brackets: The bracket of each trial, by its id: the comparison at which it begins.
        earlier: Metrics of the trials of earlier rounds with which they are compared; of heads.
    """

    rungs: tuple[int, ...]
    halving: Halving
    choose: Choose
    brackets: dict[str, int]
    earlier: tuple[Path, ...] = ()


class PromoteJob(HalvingPlan):
    """One comparison of the fine-tuned trials of an experiment.

    Attributes:
        rung: Its number.
    """

    rung: int
