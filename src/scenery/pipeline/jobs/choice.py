"""Jobs that choose a trial and say how sure the choice is."""

from pathlib import Path
from typing import Any

from pydantic import Field

from scenery.config.experiment import Choose
from scenery.pipeline.jobs.base import Job, TrialSettings


class TrialRow(Job):
    """A trial as `choose` and `trials.csv` list it.

    Attributes:
        row: The columns that say which trial it is.
        candidate: Whether it may be chosen.
        settings: Its settings.
        table: Table of its training images.
    """

    row: dict[str, Any]
    candidate: bool
    settings: TrialSettings
    table: Path


class ChooseJob(Job):
    """The choice among the trials of an experiment.

    Attributes:
        experiment: Its name.
        title: Its title.
        strategy: Key of the search strategy, such as grid.
        how: The rule of choice.
        trials: In the order of the config.
        checkpoints: Folder of the states of its fine-tuned trials.
        control: The setting that the chosen one is compared with; None without one.
        compare: Whether other settings and repeats are scored, too.
        speeds: Files with the times of predictions by trial, where they are an aim.
        soup_groups: What `soup_group` gives for each setting whose weights can be averaged, where
            a soup is asked for.
    """

    experiment: str
    title: str
    strategy: str
    how: Choose
    trials: tuple[TrialRow, ...]
    checkpoints: Path
    control: str | None = None
    compare: bool = True
    speeds: dict[str, Path] = Field(default_factory=dict)
    soup_groups: dict[str, str] = Field(default_factory=dict)


class AssessJob(Job):
    """How sure a choice is.

    Attributes:
        how: The rule of choice.
    """

    how: Choose
