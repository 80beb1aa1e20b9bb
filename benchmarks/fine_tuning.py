"""A fine-tuning epoch with augmentation beside bare training steps on one batch in memory."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from benchmarks.material import LAYER, Material
from benchmarks.measuring import Spread, in_turn, ratios, seconds
from benchmarks.results import Row
from scenery.config.settings import Settings
from scenery.data.packed_images import open_packed
from scenery.data.tables import partition_table
from scenery.models.feature_extraction import load_backbone
from scenery.pipeline.resources import cores
from scenery.training.fine_tuning import FineTuningTrainer
from scenery.training.hardware import set_up

BATCH = 32
AUGMENT = {"horizontal_flip": True, "zoom": 0.1, "width_shift": 0.1}


def run(material: Material) -> list[Row]:
    """Images per second of both, without and with the augmentation in the bare step."""
    set_up(cores())
    augmented, plain = (_learner(material, augment) for augment in (AUGMENT, {}))
    images = len(augmented.images)

    def epoch() -> float:
        return images / seconds(lambda: augmented.train_epoch(0, 1e-5))

    epoch()
    rounds = in_turn([epoch, bare_step(plain), bare_step(augmented)], material.rounds)
    rates = [Spread.of([values[side] for values in rounds]) for side in range(3)]
    rows = []
    for side, words in ((1, "without augmentation"), (2, "with the same augmentation in it")):
        times = ratios(rounds, 0, side)
        rows.append(
            Row(
                work=f"fine-tuning MobileNet with augmentation, an epoch of {images} images",
                compared=f"bare `train_step` on one batch in memory, {words}",
                measured=f"{times} of its speed",
                target="≥ 0.95",
                met=times.median >= 0.95,
                note=f"{rates[0]} images/s against {rates[side]}, {cores()} threads",
            )
        )
    return rows


def _learner(material: Material, augment: Mapping[str, object]) -> FineTuningTrainer:
    settings = Settings.model_validate(
        material.base() | {"trainable": "all", "batch_size": BATCH, "augment": augment}
    )
    table = partition_table(material.split, "train")[: 4 * material.some]
    images = open_packed(material.packed / "train" / f"{material.size}.npy", table)
    weights = None if material.weights == "none" else material.weights
    backbone = load_backbone("MobileNet", material.size, LAYER, weights, seed=0)
    classes = material.split["class"].nunique()
    return FineTuningTrainer(settings, classes, backbone, images, None, "benchmark")


def bare_step(learner: FineTuningTrainer) -> Callable[[], float]:
    """Images per second of the compiled training step alone."""
    step = tf.function(learner.trainer.train_step)
    pixels = tf.cast(learner.images.read(np.arange(BATCH)), tf.float32)
    classes = learner.classes
    targets = tf.one_hot(learner.images.labels[:BATCH], classes)
    data = (pixels, targets, tf.ones(BATCH))
    steps = max(1, len(learner.images) // BATCH // 2)

    def steps_alone() -> None:
        for _ in range(steps):
            step(data)

    step(data)
    return lambda: steps * BATCH / seconds(steps_alone)
