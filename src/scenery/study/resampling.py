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


def resampling(study: Study, trials: Sequence[Settings]) -> Resampling | None:
    """The folds of an experiment; None: its trials are scored on the validation share.

    The trials of an experiment are compared, so either all of them are scored in folds or none.
    Without a refit there is no model of all images, so there are no folds.

    Args:
        study: The study.
        trials: The settings of all trials of the experiment.
    """
    folds = study.validation.folds
    if folds == "none" or not study.refit or not all(map(can_be_in_folds, trials)):
        return None
    return Resampling(
        folds=folds or DEFAULT_FOLDS,
        repeats=study.validation.repeats,
        seed=study.split.seed,
        keep_given=folds is None,
    )


def can_be_in_folds(settings: Settings) -> bool:
    """Whether a trial can be trained on any selection of the training and validation images.

    A fine-tuned network takes too long. A subset leaves the validation images free to be scored.
    A codebook and the weights of an earlier experiment have learned from the training images.
    """
    return (
        settings.frozen_backbone
        and settings.subset == "full"
        and settings.encoding is None
        and settings.weights_from is None
    )
