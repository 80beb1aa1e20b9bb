"""From packed images to what a classical model takes, in the way that trials got their features."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scenery.classical.codebooks import encode, load_codebook
from scenery.config.encoding import Encoding
from scenery.data.packed_images import PackedImages
from scenery.models.feature_extraction import describing, feature_batches, load_feature_extractor

BATCH = 32


def extract_vectors(
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
        codebook: What the features' encoding has learned; None where there is no encoding.

    Returns:
        float32, shape (images, ...).

    Raises:
        UserError: When the weights do not cover the backbone.
    """
    parts = feature_batches(describing(load_feature_extractor(features, weights)), images, BATCH)
    if codebook is not None:
        learned, encoding = load_codebook(Path(codebook)), Encoding(**features["encoding"])
        parts = (encode(maps, learned, encoding) for maps in parts)
    return np.concatenate(list(parts))
