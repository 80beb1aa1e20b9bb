"""The learning rate of each epoch, as plain numbers.

A pure function of the epoch and of the validation losses so far, so that a resumed training
gets the same rates as one that was never interrupted.
"""

import math
from collections.abc import Sequence

from scenery.config.settings import Schedule

FACTOR = 0.5
EVERY = 10
RATE = 0.1
PATIENCE = 5


def learning_rate(
    schedule: Schedule,
    start: float,
    epoch: int,
    epochs: int,
    validation_losses: Sequence[float] = (),
) -> float:
    """The learning rate of one epoch.

    Args:
        schedule: the law and its options.
        start: the learning rate that the law starts from.
        epoch: counted from 0.
        epochs: planned in all; the cosine ends at the last of them.
        validation_losses: of the epochs before this one, in order (used by `plateau` only).

    The warm-up rises linearly, (epoch + 1) / (warmup_epochs + 1) of `start`. The schedule starts
    after it and counts its epochs from there.
    """
    if epoch < schedule.warmup_epochs:
        return start * (epoch + 1) / (schedule.warmup_epochs + 1)
    epoch -= schedule.warmup_epochs
    minimum = schedule.minimum or 0.0
    # A floor above the start rate must not raise it.
    minimum = min(minimum, start)
    match schedule.name:
        case "step":
            return start * (schedule.factor or FACTOR) ** (epoch // (schedule.every or EVERY))
        case "exponential":
            return start * math.exp(-(schedule.rate or RATE) * epoch)
        case "inverse_time":
            return start / (1 + (schedule.rate or RATE) * epoch)
        case "cosine":
            progress = min(epoch / max(epochs - schedule.warmup_epochs - 1, 1), 1.0)
            return minimum + (start - minimum) * (1 + math.cos(math.pi * progress)) / 2
        case "plateau":
            losses = validation_losses[schedule.warmup_epochs : schedule.warmup_epochs + epoch]
            drops = plateau_drops(losses, schedule.patience or PATIENCE)
            return max(start * (schedule.factor or FACTOR) ** drops, minimum)
    return start


def plateau_drops(losses: Sequence[float], patience: int) -> int:
    """How often the rate has been dropped: each time `patience` epochs brought no lower loss.

    A loss that is not a number is no improvement.
    """
    best, waited, drops = math.inf, 0, 0
    for loss in losses:
        if loss < best:
            best, waited = loss, 0
            continue
        waited += 1
        if waited == patience:
            drops, waited = drops + 1, 0
    return drops
