"""Jobs that repeat experiments in other divisions of the images."""

from pathlib import Path

from scenery.config.experiment import Choose
from scenery.config.settings import Settings
from scenery.pipeline.jobs.base import ArrayFiles, Job
from scenery.pipeline.jobs.halving import HalvingPlan
from scenery.pipeline.jobs.trials import FeatureTrial
from scenery.study.resampling import Resampling


class DivisionTrial(Job):
    """A trial on features in another division of the images.

    Attributes:
        id: The trial's id.
        setting: What its repeats share.
        candidate: Whether it may be chosen.
        settings: Its settings.
        training: Features that it learns from, of the training, validation and test images of the
            study.
        plain: Plain features of the same images.
    """

    id: str
    setting: str
    candidate: bool
    settings: Settings
    training: tuple[ArrayFiles, ...]
    plain: tuple[ArrayFiles, ...]


class DivisionJob(Job):
    """The choice of an experiment in one division, and its test.

    Attributes:
        experiment: Its name.
        division: Number of the division, from 0, which is that of the study.
        how: The rule of choice.
        trials: In the order of the config.
        refit: Whether the chosen setting is trained once more on all training images.
        resampling: The folds in which trials are scored; None: the validation share.
        halving: How trials of low scores end early; None where all are trained to their end.
    """

    experiment: str
    division: int
    how: Choose
    trials: tuple[DivisionTrial, ...]
    refit: bool
    resampling: Resampling | None = None
    halving: HalvingPlan | None = None


class DividedExperiment(Job):
    """The results of an experiment in all divisions.

    Attributes:
        experiment: Its name.
        trials: Its trials.csv.
        choices: The choice in each division.
    """

    experiment: str
    trials: Path
    choices: tuple[Path, ...]


class CompareDivisionsJob(Job):
    """The experiments in all divisions.

    Attributes:
        experiments: Those that were divided again.
        left_out: Why others were not, by name.
    """

    experiments: tuple[DividedExperiment, ...]
    left_out: dict[str, str]


class GroupingJob(Job):
    """A setting in folds that keep groups of images whole, and in folds that do not.

    Attributes:
        experiment: The experiment that chose it.
        trial: The trial, with its folds.
    """

    experiment: str
    trial: FeatureTrial
