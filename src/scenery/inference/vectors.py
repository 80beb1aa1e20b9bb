"""From packed images to what a classical model takes, in the way that trials got their features."""

from pathlib import Path

import numpy as np

from scenery.classical.codebooks import encode, load_codebook
from scenery.data.packed_images import PackedImages
from scenery.models.feature_extraction import (
    feature_batches,
    load_feature_extractor,
    make_extract_fn,
)
from scenery.study.features import FeatureSet

BATCH = 32


def extract_vectors(
    images: PackedImages,
    features: FeatureSet,
    weights: str | Path | None,
    codebook: str | Path | None = None,
) -> np.ndarray:
    """The features of plain images.

    Args:
        images: The images.
        features: Features of plain images.
        weights: Weights of the backbone; None: random ones, from the features' seed.
        codebook: What the features' encoding has learned; None where there is no encoding.

    Returns:
        float32, shape (images, ...).

    Raises:
        UserError: When the weights do not cover the backbone.
    """
    parts = feature_batches(
        make_extract_fn(load_feature_extractor(features, weights), len(images)), images, BATCH
    )
    encoding = features.encoding
    if codebook is not None and encoding is not None:
        learned = load_codebook(Path(codebook))
        parts = (encode(maps, learned, encoding) for maps in parts)
    return np.concatenate(list(parts))
