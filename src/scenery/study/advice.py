"""Advice of the course on settings of transfer learning, as rules."""

from collections.abc import Iterable

from scenery.config.settings import Settings

# Learning rates that are usual for random weights: defaults of Keras. Pre-trained weights need
# lower ones, or the first steps destroy what they hold.
USUAL_RATE = 1e-3
USUAL_RATES = {"SGD": 1e-2, "Adagrad": 1e-2, "Adadelta": 1.0}


def high_rate(settings: Settings) -> str:
    """Say that a learning rate is high for pre-trained weights; empty if it is not.

    Args:
        settings: Settings of a trial.
    """
    pretrained = settings.weights != "none" and not settings.frozen_backbone
    rate, optimizer = settings.optimizer.learning_rate, settings.optimizer.name
    usual = USUAL_RATES.get(optimizer, USUAL_RATE)
    if not pretrained or settings.schedule.name == "list" or rate < usual:
        return ""
    return (
        f"optimizer.learning_rate: {rate:g} is high for pre-trained weights; {optimizer} with "
        f"random weights usually has {usual:g}, and fine-tuning a tenth of it or less"
    )


def advice(trials: Iterable[Settings]) -> list[str]:
    """What should be known about the settings of trials, each line once.

    Args:
        trials: Their settings.
    """
    return list(dict.fromkeys(text for settings in trials if (text := high_rate(settings))))
