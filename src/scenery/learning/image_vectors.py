"""From packed images to what a classical model takes, in the way that trials got their features."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scenery.learning.codebooks import encode, load_codebook
from scenery.learning.feature_extraction import describing, feature_batches, load_describer
from scenery.learning.packed import PackedImages
from scenery.study.encoding import Encoding

BATCH = 32


def image_vectors(
    images: PackedImages,
    features: Mapping[str, Any],
    weights: str | Path | None,
    codebook: str | Path | None = None,
) -> np.ndarray:
    """The features of plain images.

    Args:
        images: The images.
        features: What a FeatureSet of plain images holds, as plain values.
        weights: Weights of the backbone; None: random ones, from the features' seed.
        codebook: What the features' encoding has learnt; None where there is no encoding.

    Returns:
        float32, shape (images, ...).

    Raises:
        UserError: When the weights do not cover the backbone.
    """
    parts = feature_batches(describing(load_describer(features, weights)), images, BATCH)
    if codebook is not None:
        learnt, encoding = load_codebook(Path(codebook)), Encoding(**features["encoding"])
        parts = (encode(maps, learnt, encoding) for maps in parts)
    return np.concatenate(list(parts))
