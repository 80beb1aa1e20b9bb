"""Which trainer a head gets: NumPy computes most heads, and Keras the others."""

from scenery.config.settings import Optimizer, Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.held_out import HeldOutData
from scenery.training.fold_trainer import FoldTrainer
from scenery.training.folded_training import FoldedHeadTrainer
from scenery.training.head_stack import can_be_stacked
from scenery.training.head_training import HeadTrainer
from scenery.training.stacked_training import StackedFoldTrainer, StackedHeadTrainer

AnyHeadTrainer = FoldTrainer | HeadTrainer | StackedHeadTrainer


def head_trainer(
    settings: Settings,
    classes: int,
    training: LabeledFeatures,
    validation: LabeledFeatures | None,
    optimizer: Optimizer | None = None,
) -> StackedHeadTrainer | HeadTrainer:
    """The trainer of a head with its features.

    Args:
        settings: Settings of the trial.
        classes: Number of classes.
        training: Features of the training images.
        validation: Features of the validation images; None in a refit.
        optimizer: The optimizer, if it is not that of the settings.
    """
    if can_be_stacked(settings, optimizer) and _is_pooled(training):
        return StackedHeadTrainer(settings, classes, training, validation, optimizer)
    return HeadTrainer(settings, classes, training, validation, optimizer)


def fold_trainer(settings: Settings, classes: int, data: HeldOutData) -> FoldTrainer:
    """The trainer of a head in folds."""
    if can_be_stacked(settings) and _is_pooled(data.training):
        return StackedFoldTrainer(settings, classes, data)
    return FoldedHeadTrainer(settings, classes, data)


def _is_pooled(features: LabeledFeatures) -> bool:
    """Whether the features of an image are a vector."""
    return features.values.ndim == (3 if features.views else 2)
