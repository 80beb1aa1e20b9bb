"""The first of the classic two steps: the head alone on the frozen backbone's features."""

import dataclasses

import keras

from scenery.config.settings import Augment, Optimizer, Schedule, Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import TrainingResult
from scenery.training.epochs import EpochPlan, fit_at_recorded_rates, run_epochs
from scenery.training.trainers import head_trainer


def train_head_first(
    settings: Settings,
    classes: int,
    training: LabeledFeatures,
    validation: LabeledFeatures | None,
    head: keras.Model,
    name: str,
    rates: list[float] | None = None,
) -> TrainingResult:
    """Train a head on features and put its weights into the head of the whole network.

    The features come from files, as for any trial on a frozen backbone.

    Args:
        settings: Settings of the trial; `first_step` says how long and at which rate.
        classes: Number of classes.
        training: Features of the training images.
        validation: Features of the validation images; None in a refit, which uses `rates`.
        head: The head that receives the weights.
        name: What the trial is called in the progress lines.
        rates: Recorded learning rates of a refit.

    Returns:
        The run, with step "head" in its history.
    """
    assert settings.first_step is not None
    plain = settings.model_copy(update={"augment": Augment(), "schedule": Schedule()})
    rate = settings.first_step.learning_rate
    trainer = head_trainer(plain, classes, training, validation, Optimizer(learning_rate=rate))
    if validation is None:
        run = fit_at_recorded_rates(trainer, rates or [], "head", name)
    else:
        plan = EpochPlan(
            step="head",
            epochs=settings.first_step.epochs,
            start=rate,
            schedule=Schedule(),
            monitor=settings.monitor,
            smoothing=settings.checkpoint.smoothing,
        )
        run = run_epochs(trainer, plan, f"{name}, head alone", quiet=True)
    if run.status == TrialStatus.COMPLETED:
        # A pooling layer has no weights, so the weights of both heads have the same order.
        head.set_weights(trainer.get_weights())
    return run


def joined(first: TrainingResult | None, second: TrainingResult) -> TrainingResult:
    """Both steps as one run whose figures are those of the second."""
    if first is None:
        return second
    if first.status != TrialStatus.COMPLETED:
        return first
    return dataclasses.replace(second, history=[*first.history, *second.history])
