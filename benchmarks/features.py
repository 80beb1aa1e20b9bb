"""Feature extraction beside the bare compiled forward pass on a batch in memory."""

import numpy as np
import tensorflow as tf

from benchmarks.material import LAYER, Material
from benchmarks.measuring import Spread, in_turn, ratios, seconds
from benchmarks.results import Row
from scenery.data.packed_images import open_packed
from scenery.data.tables import partition_table
from scenery.models.feature_extraction import feature_batches, load_backbone, pooled
from scenery.models.forward import make_forward_fn
from scenery.pipeline.resources import cores
from scenery.training.hardware import set_up

BATCH = 32


def run(material: Material) -> list[Row]:
    """Images per second of both."""
    set_up(cores())
    table = partition_table(material.split, "train")[: 2 * material.some]
    images = open_packed(material.packed / "train" / f"{material.size}.npy", table)
    weights = None if material.weights == "none" else material.weights
    backbone = load_backbone("MobileNet", material.size, LAYER, weights, seed=0)
    forward = make_forward_fn(pooled(backbone, "average"))
    batch = tf.constant(images.read(np.arange(BATCH)))
    steps = len(images) // BATCH

    def whole() -> float:
        def write() -> None:
            with (material.folder / "features.bin").open("wb") as file:
                for values in feature_batches(forward, images, BATCH):
                    file.write(values.data)

        return len(images) / seconds(write)

    def bare() -> float:
        def passes() -> None:
            for _ in range(steps):
                forward(batch).numpy()

        return steps * BATCH / seconds(passes)

    whole()
    rounds = in_turn([whole, bare], material.rounds)
    times = ratios(rounds, 0, 1)
    rates = [Spread.of([values[side] for values in rounds]) for side in (0, 1)]
    return [
        Row(
            work=f"features of {len(images)} images of {material.size} px",
            compared="bare compiled forward pass on one batch in memory",
            measured=f"{times} of its speed",
            target="≥ 0.95",
            met=times.median >= 0.95,
            note=f"{rates[0]} images/s against {rates[1]}, {cores()} threads",
        )
    ]
