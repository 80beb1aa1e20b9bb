"""The kinds of trials: how each is trained and how its final model is made.

This is the only module of the package that names the rules of trials.
"""

from dataclasses import dataclass

from scenery.config.settings import Settings


@dataclass(frozen=True)
class TrialKind:
    """One way to train.

    Attributes:
        name: What the trial trains.
        rule: The rule that runs its trials.
        batched: Whether one job runs many of its trials.
        refit_rule: The rule that makes the final model.
        model_suffix: Ending of the final model's file.
    """

    name: str
    rule: str
    batched: bool
    refit_rule: str
    model_suffix: str


HEAD = TrialKind("head", "train_heads", True, "refit_head", "keras")
CLASSIFIER = TrialKind("classifier", "fit_classifiers", True, "refit_classifier", "skops")
FINE_TUNING = TrialKind("fine-tuning", "fine_tune", False, "refit_network", "keras")

TRIAL_KINDS = (HEAD, CLASSIFIER, FINE_TUNING)
BATCHED_RULES = tuple(kind.rule for kind in TRIAL_KINDS if kind.batched)


def trial_kind(settings: Settings) -> TrialKind:
    """The kind of a trial with these settings."""
    if not settings.frozen_backbone:
        return FINE_TUNING
    return HEAD if settings.classifier is None else CLASSIFIER
