"""From packed images to what a classical model takes, in the way that trials got their features."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from scenery.learning.feature_extraction import load_backbone, pooled
from scenery.learning.packed import PackedImages
from scenery.study.networks import Network

BATCH = 32


def image_vectors(
    images: PackedImages, features: Mapping[str, Any], weights: str | Path | None
) -> np.ndarray:
    """The features of plain images.

    Args:
        images: The images.
        features: What a FeatureSet of plain images holds, as plain values.
        weights: Weights of the backbone; None: random ones, from the features' seed.

    Returns:
        float32, shape (images, ...).

    Raises:
        UserError: When the weights do not cover the backbone.
    """
    backbone = load_backbone(
        features["backbone"],
        features["image_size"],
        features["layer"],
        weights,
        features["seed"],
        Network(**features["network"]),
    )
    network = pooled(backbone, features["pooling"])
    forward = tf.function(
        lambda pixels: network(tf.cast(pixels, tf.float32), training=False), reduce_retracing=True
    )
    return np.concatenate([forward(batch).numpy() for batch in images.batches(BATCH)])
