"""About how long a study takes on processor cores, before anything has run.

The estimate counts multiply-adds: images, times passes through a network, times what the network
needs for an image. The rates were measured with MobileNet at 224 pixels on two cores
(`benchmarks/RESULTS.md`: 192 images per second through a frozen network, 52.7 in fine-tuning).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scenery.config.study import Study
from scenery.image_size import ImageSize, sides
from scenery.registry.backbone_facts import facts
from scenery.registry.custom_architectures import HANDCRAFTED, Network
from scenery.registry.presets import PRESET_BACKBONES
from scenery.study.expansions import Expanded, Expansions
from scenery.study.possible_networks import experiment_starts
from scenery.study.trials import ResolvedTrial

# Multiply-adds per second and core of a pass forward.
RATE = 50e9
# Passes forward that take as long as one forward and backward.
TRAINING_PASSES = 3.7
# Of a trial on features, and of a job without its computation.
TRIAL_SECONDS = 1.0
JOB_SECONDS = 4.0
# Jobs of every study, and of each experiment.
JOBS, JOBS_OF_EXPERIMENT = 16, 9
# The depth of a network changes how well it uses a core; measured networks differ so much.
FACTOR = 3


@dataclass(frozen=True)
class TimeEstimate:
    """Seconds of a study.

    Attributes:
        images: Training and validation images.
        processors: Cores.
        features: Passes of images through frozen networks.
        fine_tuning: Training of networks, with the refit of one of them in each experiment.
        trials: Trials on features.
        jobs: Everything around them.
        unknown: Networks of one's own, whose multiply-adds are not counted.
    """

    images: int
    processors: int
    features: float
    fine_tuning: float
    trials: float
    jobs: float
    unknown: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Seconds of the whole study."""
        return self.features + self.fine_tuning + self.trials + self.jobs

    def __str__(self) -> str:
        left_out = f"; without the training of {', '.join(self.unknown)}" if self.unknown else ""
        parts = f"features {_about(self.features)}, fine-tuning at most {_about(self.fine_tuning)}"
        return (
            f"estimated time: about {_about(self.seconds)} on {self.processors} processor cores "
            f"without a GPU ({parts}){left_out}. It rests on {self.images:,} training and "
            "validation images, the FLOPs of the networks, and rates measured with MobileNet; "
            f"other networks and computers may take {FACTOR} times as long, or a third"
        )


def estimate_time(
    expansions: Expansions, images: int, classes: int, processors: int
) -> TimeEstimate:
    """Estimate the time of a study.

    An experiment that starts from a choice counts with the start that takes longest.

    Args:
        expansions: The trials of a checked study.
        images: Training and validation images.
        classes: Number of classes.
        processors: Cores.
    """
    study = expansions.study
    passes: dict[str, dict[str, float]] = {}
    tuning: dict[str, float] = {}
    trials: dict[str, int] = {}
    tuned: dict[str, int] = {}
    unknown: set[str] = set()
    for one in experiment_starts(expansions):
        name, expanded = one.experiment, expansions.of(one.experiment, one.start)
        unknown |= _without_counts(expanded.fine_tuned)
        found = _features(expanded, images)
        if sum(found.values()) >= sum(passes.get(name, {}).values()):
            passes[name] = found
        costs = [_training(trial, study, images, classes) for trial in expanded.fine_tuned]
        # The final model is trained once more.
        tuning[name] = max(tuning.get(name, 0.0), sum(costs) + max(costs, default=0.0))
        tuned[name] = max(tuned.get(name, 0), len(costs))
        trials[name] = max(trials.get(name, 0), len(expanded.trials) - len(costs))
    # Experiments share features.
    each = {key: cost for found in passes.values() for key, cost in found.items()}
    rate = RATE * processors
    jobs = JOBS + JOBS_OF_EXPERIMENT * len(trials) + sum(tuned.values())
    return TimeEstimate(
        images=images,
        processors=processors,
        features=sum(each.values()) / rate,
        fine_tuning=sum(tuning.values()) / rate,
        trials=TRIAL_SECONDS * sum(trials.values()) / processors,
        jobs=JOB_SECONDS * jobs,
        unknown=tuple(sorted(unknown)),
    )


def _features(expanded: Expanded, images: int) -> dict[str, float]:
    """Multiply-adds of each set of features; encodings share the maps that they encode."""
    return {
        one.raw.id: multiply_adds(one.backbone, one.image_size, one.network)
        * images
        * max(one.views, 1)
        for one in expanded.feature_sets.values()
    }


def _training(trial: ResolvedTrial, study: Study, images: int, classes: int) -> float:
    """Multiply-adds of a trial that trains the backbone, if it does not stop early."""
    count = images
    subset = study.subsets.get(trial.settings.subset)
    if subset is not None and subset.per_class is not None:
        count = min(images, subset.per_class * classes)
    elif subset is not None and subset.total is not None:
        count = min(images, subset.total)
    settings = trial.settings
    once = multiply_adds(settings.backbone, trial.image_size, settings.network) * TRAINING_PASSES
    return once * count * trial.settings.epochs


def _without_counts(trials: Iterable[ResolvedTrial]) -> set[str]:
    found = {trial.settings.backbone for trial in trials}
    # Of vision transformers they follow from the preset.
    return {one for one in found if one not in PRESET_BACKBONES and not multiply_adds(one, 1)}


def multiply_adds(backbone: str, image_size: ImageSize, network: Network | None = None) -> float:
    """Operations for one image in a published network, by its pixels; 0 for other networks."""
    if backbone in HANDCRAFTED:
        return 0.0
    known = facts(backbone, network)
    return (known.multiply_adds or 0) * math.prod(sides(image_size)) / known.size**2


def _about(seconds: float) -> str:
    """Seconds with the digits that an estimate has."""
    if seconds < 10:
        return "a few seconds" if seconds else "none"
    if seconds < 90:
        return f"{round(seconds, -1):.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds >= 36_000 else f"{seconds / 3600:.1f} h"
