"""Features: the outputs of a frozen backbone for all images, computed once and stored."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.classical.handcrafted import Handcrafted, handcrafted_descriptors
from scenery.config.settings import Augment
from scenery.data.array_writer import ArrayWriter
from scenery.data.packed_images import PackedImages
from scenery.image_size import ImageSize
from scenery.models.backbones import build_backbone
from scenery.models.inference_engine import Forward
from scenery.models.pooling import pool
from scenery.models.vision_transformer import with_tokens
from scenery.models.weights import load_weights
from scenery.registry.custom_architectures import HANDCRAFTED, Network
from scenery.registry.presets import TOKEN_POOLINGS
from scenery.study.features import FeatureSet
from scenery.training.augmentation import build_augmentation, reseed


def load_backbone(
    name: str,
    image_size: ImageSize,
    layer: str | None,
    weights: str | Path | None,
    seed: int,
    options: Network | None = None,
    pooling: str = "average",
) -> keras.Model:
    """A backbone with its weights.

    Args:
        name: A name of the backbone table.
        image_size: Size of the input in pixels.
        layer: Where it ends; None: whole.
        weights: A weights file; None: random weights drawn from `seed`.
        seed: Seed of random weights.
        options: Those of one of Scenery's own networks, or the preset of a transformer.
        pooling: The pooling of the head on it. With class_token or both, the backbone ends in one
            cell instead of the map of the patches.

    Raises:
        UserError: When the weights file does not cover the kept layers.
    """
    keras.utils.set_random_seed(seed)
    model = build_backbone(name, image_size, layer, options)
    if weights is not None:
        load_weights(model, weights)
    return with_tokens(model, pooling) if pooling in TOKEN_POOLINGS else model


def pooled(backbone: keras.Model, pooling: str) -> keras.Model:
    """The backbone with its positions pooled as `pool` does, or map: not at all."""
    if pooling == "map" or len(backbone.output.shape) == 2:
        return backbone
    return keras.Model(backbone.input, pool(backbone.output, pooling))


def load_feature_extractor(
    features: FeatureSet, weights: str | Path | None
) -> keras.Model | Handcrafted:
    """The feature extractor: a pooled backbone, or handcrafted descriptors.

    Args:
        features: Which features.
        weights: A weights file; None: random weights drawn from the features' seed.

    Raises:
        UserError: When the weights file does not cover the kept layers.
    """
    name, size, options = features.backbone, features.image_size, features.network
    if name in HANDCRAFTED:
        return handcrafted_descriptors(name, size, options)
    backbone = load_backbone(
        name, size, features.layer, weights, features.seed, options, features.pooling
    )
    return pooled(backbone, features.pooling)


def extract(
    feature_extractor: keras.Model | Handcrafted,
    images: PackedImages,
    out: Path,
    batch: int,
    augment: Augment | None = None,
    views: int = 0,
    seed: int = 0,
) -> dict[str, Any]:
    """Write the features of all images, of the plain ones or of augmented views.

    Args:
        feature_extractor: Pooled backbone (float images of 0 to 255), or handcrafted descriptors.
        images: The images, in the order wanted.
        out: .npy file, float32 (dense SIFT: uint8), shape (images, ...) or (views, images, ...);
            it appears when it is complete.
        batch: Images in one forward pass.
        augment: Operations for the views.
        views: Number of renderings of each image; 0: the plain images.
        seed: Seed of the renderings.

    Returns:
        Facts: shape and digest of the content, the number of parameters, and the engine that ran a
        backbone.
    """
    augmentation = build_augmentation(augment, seed) if views and augment else None
    forward = make_extract_fn(feature_extractor, len(images) * max(views, 1), augmentation)
    if not isinstance(feature_extractor, keras.Model):
        shape, kind, parameters = feature_extractor.shape, feature_extractor.dtype, 0
    else:
        shape, kind, parameters = (
            feature_extractor.output.shape[1:],
            "<f4",
            feature_extractor.count_params(),
        )
    with ArrayWriter(out, len(images), tuple(shape), views, kind) as writer:
        for view in range(max(views, 1)):
            if augmentation is not None:
                reseed(augmentation, seed, view)
            for values in feature_batches(forward, images, batch):
                writer.add(values)
    engine = {"engine": forward.engine} if isinstance(forward, Forward) else {}
    return writer.facts | {"parameters": parameters} | engine


def feature_batches(
    forward: Callable[[tf.Tensor], tf.Tensor | np.ndarray], images: PackedImages, batch: int
) -> Iterator[np.ndarray]:
    """The features of all images in their order, some at a time: shape (up to `batch`, ...)."""
    for pixels in images.batches(batch):
        yield np.asarray(forward(pixels))


def make_extract_fn(
    feature_extractor: keras.Model | Handcrafted,
    images: int,
    augmentation: keras.Model | None = None,
) -> Callable[[tf.Tensor], tf.Tensor | np.ndarray]:
    """A function from uint8 images, shape (batch, height, width, 3), to their features.

    Args:
        feature_extractor: As of `extract`.
        images: The number of images that will follow.
        augmentation: What changes images before.
    """
    if isinstance(feature_extractor, keras.Model):
        return Forward(feature_extractor, images, augmentation)

    def describe(pixels: tf.Tensor) -> np.ndarray:
        if augmentation is not None:
            rendered = augmentation(tf.cast(pixels, tf.float32), training=True)
            pixels = tf.cast(tf.round(tf.clip_by_value(rendered, 0, 255)), tf.uint8)
        return feature_extractor.describe(np.asarray(pixels))

    return describe
