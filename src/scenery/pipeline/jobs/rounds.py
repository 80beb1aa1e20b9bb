"""Jobs of searches that propose trials in rounds."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from scenery.config.experiment import Aim
from scenery.config.search import Distribution, Search
from scenery.config.settings import Settings
from scenery.pipeline.jobs.base import Job


class PastProposal(Job):
    """A proposal of an earlier round.

    Attributes:
        values: The values of its settings.
        trials: Its repeats; none where the settings exclude each other.
    """

    values: dict[str, Any]
    trials: tuple[str, ...]


class ProposeJob(Job):
    """The proposals of one round of a search.

    Attributes:
        experiment: Its name.
        search: Sampler, seed and space. Its number of trials is that up to this round.
        count: Number of proposals.
        basis: Digest of what they are proposed from.
        aims: The measures that are optimized.
        costs: Costs of predictions by true and predicted class; none unless cost is the measure.
        start: The settings that the trials vary.
        base: The settings of the study.
        color_mode: Whether images keep their colors.
        before: The proposals of each earlier round.
        speeds: Files with the times of predictions by trial, where they are an aim.
    """

    experiment: str
    search: Search
    count: int
    basis: str
    aims: tuple[Aim, ...]
    costs: dict[str, dict[str, float]]
    start: Settings
    base: Settings
    color_mode: Literal["rgb", "grayscale"]
    before: tuple[tuple[PastProposal, ...], ...]
    speeds: dict[str, Path] = Field(default_factory=dict)


class OptunaJob(Job):
    """A search as a study of Optuna.

    Attributes:
        experiment: Its name.
        aims: The measures that are optimized.
        space: The space of its settings.
    """

    experiment: str
    aims: tuple[Aim, ...]
    space: dict[str, Distribution]
