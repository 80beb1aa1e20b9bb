"""Advice of the course on settings of transfer learning, as rules."""

from collections.abc import Iterable

from scenery.config.settings import Settings

# Learning rates that are usual for random weights: defaults of Keras. Pre-trained weights need
# lower ones, or the first steps destroy what they hold.
USUAL_RATE = 1e-3
USUAL_RATES = {"SGD": 1e-2, "Adagrad": 1e-2, "Adadelta": 1.0}

# Below so many training images of each class they are few.
FEW = 100


def high_rate(settings: Settings) -> str:
    """Say that a learning rate is high for pre-trained weights; empty if it is not.

    Args:
        settings: Settings of a trial.
    """
    # The matrices of LoRA are not pre-trained.
    fine_tuned = not settings.frozen_backbone and settings.trainable != "lora"
    pretrained = settings.weights != "none" and fine_tuned
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


def rule_of_thumb(per_class: float, similar: bool | None) -> str:
    """What to train of a pre-trained network, by number and kind of the images.

    Args:
        per_class: Training images of each class.
        similar: Whether the images are like those that the network was trained on; None: that is
            not known.
    """
    few = per_class < FEW
    images = f"{'Few' if few else 'Many'} training images ({per_class:.0f} of each class)"
    if similar is None:
        usual = "a frozen backbone" if few else "fine-tuning at a low rate"
        return (
            f"{images}: {usual} is usual. Vary remove_stages with a frozen backbone to see whether "
            "the images are like those of ImageNet: a lower layer is then worse than the last one."
        )
    if similar:
        kind = "are like those of ImageNet: a lower layer is worse than the last one"
        usual = "trainable: head" if few else "trainable: from:LAYER or all, at a low rate"
    else:
        kind = "are unlike those of ImageNet: a lower layer is as good as the last one"
        usual = (
            "trainable: head on a lower cut, or classical models"
            if few
            else "trainable: all, or scratch"
        )
    return f"{images}. They {kind}. Usual settings: {usual}."
