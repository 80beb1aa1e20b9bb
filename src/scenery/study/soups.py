"""Soups: which fine-tuned networks can be averaged (Wortsman et al. 2022, "Model soups").

The mean of weights is a good network if all of them were fine-tuned from the same weights. The
random weights of the head are the same for the same head and seed.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from scenery.config.settings import Settings
from scenery.registry.options import of_layer
from scenery.study.trials import ResolvedTrial

# Options of a head that change its training and neither its layers nor its initial weights.
_OF_TRAINING = {"dropout", "l1", "l2", "supervise", "solver"}


def soup_group(trial: ResolvedTrial) -> str | None:
    """Digest of what trials share whose weights can be averaged; None: those of this one cannot.

    It holds the layers of the network, the initial weights, the seed and the training set. Batch
    size, optimizer, augmentation, the layers that are trained and the like may differ.
    """
    settings = trial.settings
    if _obstacle(settings) is not None:
        return None
    head = settings.head.model_dump(mode="json", exclude=_OF_TRAINING)
    first_step = settings.first_step and settings.first_step.model_dump(mode="json")
    parts = (
        (settings.backbone, trial.layer, trial.image_size, settings.weights),
        (settings.network.model_dump(mode="json"), head, _dropout_layers(settings)),
        # Low-rank matrices are drawn before the head, which then starts from other weights.
        (first_step, settings.trainable == "lora", settings.test_time_augmentation),
        (settings.subset, settings.seed),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def soup_problem(trials: Sequence[ResolvedTrial], all_known: bool) -> str | None:
    """Why no soup can be made of the settings that may be chosen; None: one may be made.

    Args:
        trials: One of each setting.
        all_known: Whether these are all settings; otherwise they are examples.
    """
    obstacles = [_obstacle(trial.settings) for trial in trials]
    if None not in obstacles:
        found = ", ".join(dict.fromkeys(str(one) for one in obstacles))
        return f"a soup is made of networks that are fine-tuned from learned weights; found {found}"
    groups = Counter(filter(None, map(soup_group, trials)))
    if not all_known or max(groups.values()) > 1:
        return None
    return (
        "a soup needs two settings that share backbone, weights, image_size, cut, remove_stages, "
        "network, head (its penalties and rates of dropout may differ), first_step, "
        f"test_time_augmentation, subset and seed; found {groups.total()} that can be averaged "
        "with no other one"
    )


def _obstacle(settings: Settings) -> str | None:
    """The setting by which a trial is not fine-tuned from learned weights; None: it is."""
    if settings.classifier is not None:
        return f"classifier: {settings.classifier.name}"
    if settings.frozen_backbone or settings.trainable == "scratch":
        return f"trainable: {settings.trainable}"
    return "weights: none" if settings.weights == "none" else None


def _dropout_layers(settings: Settings) -> list[Any]:
    """Which layers of the head have dropout, each of which draws a seed before later weights."""
    layers = range(len(settings.head.dense) + 1)
    return [bool(of_layer(settings.head.dropout, number)) for number in layers]
