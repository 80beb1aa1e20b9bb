"""How the trials of an experiment are scored: in folds, or on the validation share."""

from collections.abc import Sequence
from dataclasses import dataclass

from scenery.config.settings import Settings
from scenery.config.study import Study

DEFAULT_FOLDS = 5


@dataclass(frozen=True)
class Resampling:
    """Division of the training and validation images into folds.

    Attributes:
        folds: Number of folds.
        repeats: Number of different divisions.
        seed: Seed of the divisions.
        keep_given: Whether a validation partition that the data set gives is used instead.
    """

    folds: int
    repeats: int
    seed: int
    keep_given: bool

    @property
    def by_repeat(self) -> list[list["FoldSpec"]]:
        """The folds of each repeat."""
        return [
            [FoldSpec(self.folds, self.seed + repeat, number) for number in range(self.folds)]
            for repeat in range(self.repeats)
        ]


@dataclass(frozen=True)
class FoldSpec:
    """One fold of one division; small data sets may not have it.

    Attributes:
        folds: Number of folds of the division.
        seed: Seed of the division.
        number: Number of the fold, from 0.
    """

    folds: int
    seed: int
    number: int

    @property
    def id(self) -> str:
        """Its folder."""
        return f"{self.seed}-{self.number}"


def resampling(study: Study, trials: Sequence[Settings]) -> Resampling | None:
    """The folds of an experiment; None: its trials are scored on the validation share.

    The trials of an experiment are compared, so either all of them are scored in folds or none.
    Without a refit there is no model of all images, so there are no folds.

    Args:
        study: The study.
        trials: The settings of all trials of the experiment.
    """
    validation = study.validation
    every = validation.trials == "all"
    if validation.folds == "none" or not study.refit:
        return None
    if not all(can_be_in_folds(one) and (every or is_quick(one)) for one in trials):
        return None
    return Resampling(
        folds=validation.folds or DEFAULT_FOLDS,
        repeats=validation.repeats,
        seed=study.split.seed,
        keep_given=validation.folds is None and not every,
    )


def why_not_divided(trials: Sequence[Settings]) -> str:
    """Why an experiment is not tested in other divisions of the images; empty if it is.

    Args:
        trials: The settings of all trials of the experiment.
    """
    for settings in trials:
        if not settings.frozen_backbone:
            return "it trains networks"
        if settings.subset != "full":
            return "it trains on subsets"
        if settings.encoding is not None:
            return "its codebooks have learned from the training images"
        if settings.weights_from is not None:
            return f"its weights are those of {settings.weights_from}"
    return ""


def can_be_in_folds(settings: Settings) -> bool:
    """Whether a trial can be trained on any selection of the training and validation images.

    A subset leaves the validation images free to be scored. The weights of an earlier experiment
    have learned from the training images.
    """
    return settings.subset == "full" and settings.weights_from is None


def is_quick(settings: Settings) -> bool:
    """Whether a trial uses features that are the same in every fold.

    A network is fine-tuned in each fold, and a codebook is learned in each fold.
    """
    return settings.frozen_backbone and settings.encoding is None
