"""Feature extraction beside the bare compiled forward pass on a batch in memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.material import LAYER, Material
from benchmarks.measuring import Spread, in_turn, ratios, seconds
from benchmarks.results import Row
from scenery.data.packed_images import open_packed
from scenery.data.tables import partition_table
from scenery.models.feature_extraction import feature_batches, load_backbone, pooled
from scenery.models.forward import make_forward_fn
from scenery.models.inference_engine import MIN_PIXELS, Forward
from scenery.pipeline.resources import cores
from scenery.training.hardware import set_up

BATCH = 32


def run(material: Material) -> list[Row]:
    """Images per second by TensorFlow, by OpenVINO, and of the bare pass."""
    set_up(cores())
    table = partition_table(material.split, "train")[: 2 * material.some]
    images = open_packed(material.packed / "train" / f"{material.size}.npy", table)
    weights = None if material.weights == "none" else material.weights
    network = pooled(load_backbone("MobileNet", material.size, LAYER, weights, seed=0), "average")
    forward = make_forward_fn(network)
    fast = Forward(network, MIN_PIXELS)
    batch = tf.constant(images.read(np.arange(BATCH)))
    steps = len(images) // BATCH

    def whole(function: Callable[[tf.Tensor], Any]) -> float:
        def write() -> None:
            with (material.folder / "features.bin").open("wb") as file:
                for values in feature_batches(function, images, BATCH):
                    file.write(values.data)

        return len(images) / seconds(write)

    def bare() -> float:
        def passes() -> None:
            for _ in range(steps):
                forward(batch).numpy()

        return steps * BATCH / seconds(passes)

    whole(forward)
    difference = float(np.abs(np.asarray(fast(batch)) - np.asarray(forward(batch))).max())
    rounds = in_turn([lambda: whole(forward), lambda: whole(fast), bare], material.rounds)
    by_tensorflow, by_openvino = ratios(rounds, 0, 2), ratios(rounds, 1, 2)
    rates = [Spread.of([values[side] for values in rounds]) for side in range(3)]
    work = f"features of {len(images)} images of {material.size} px"
    return [
        Row(
            work=work,
            compared="bare compiled forward pass on one batch in memory",
            measured=f"{by_tensorflow} of its speed",
            target="≥ 0.95",
            met=by_tensorflow.median >= 0.95,
            note=f"{rates[0]} images/s against {rates[2]}, {cores()} threads",
        ),
        Row(
            work=f"{work}, by {fast.engine}",
            compared="bare compiled forward pass of TensorFlow on one batch in memory",
            measured=f"{by_openvino} of its speed",
            target="≥ 1.6",
            met=by_openvino.median >= 1.6,
            note=f"{rates[1]} images/s against {rates[2]}, {cores()} threads; largest difference "
            f"of the features {difference:.1e}",
        ),
    ]
