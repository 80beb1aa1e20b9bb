"""Features: what a frozen backbone makes of every image, computed once and kept."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from scenery.learning.augmentation import build_augmentation, reseed
from scenery.learning.backbones import build_backbone
from scenery.learning.forward import compiled
from scenery.learning.packed import PackedImages
from scenery.learning.weights import load_weights
from scenery.study.networks import Network
from scenery.study.settings import Augment

log = logging.getLogger("scenery")

SECONDS_BETWEEN_LINES = 15.0


def load_backbone(
    name: str,
    image_size: int,
    layer: str | None,
    weights: str | Path | None,
    seed: int,
    options: Network | None = None,
) -> keras.Model:
    """A backbone with its weights.

    Args:
        name: A name of the backbone table.
        image_size: Side of the input in pixels.
        layer: Where it ends; None: whole.
        weights: A weights file; None: random weights drawn from `seed`.
        seed: Seed of random weights.
        options: Those of one of Scenery's own networks.

    Raises:
        UserError: When the weights file does not cover the kept layers.
    """
    keras.utils.set_random_seed(seed)
    model = build_backbone(name, image_size, layer, options)
    if weights is not None:
        load_weights(model, weights)
    return model


def pooled(backbone: keras.Model, pooling: str) -> keras.Model:
    """The backbone with its positions pooled: average, max, or map (not at all)."""
    if pooling == "map" or len(backbone.output.shape) == 2:
        return backbone
    layer = {"average": keras.layers.GlobalAveragePooling2D, "max": keras.layers.GlobalMaxPooling2D}
    return keras.Model(backbone.input, layer[pooling]()(backbone.output))


def extract(
    backbone: keras.Model,
    images: PackedImages,
    out: Path,
    batch: int,
    augment: Augment | None = None,
    views: int = 0,
    seed: int = 0,
) -> dict[str, Any]:
    """Write the features of all images, of the plain ones or of augmented views.

    Args:
        backbone: Pooled backbone; input float images 0..255.
        images: The images, in the order wanted.
        out: .npy file, float32, shape (images, ...) or (views, images, ...); it appears when
            it is complete.
        batch: Images in one forward pass.
        augment: Operations for the views.
        views: Number of renderings of each image; 0: the plain images.
        seed: Seed of the renderings.

    Returns:
        Facts: shape and digest of the content.
    """
    shape = (len(images), *backbone.output.shape[1:])
    full = (views, *shape) if views else shape
    out.parent.mkdir(parents=True, exist_ok=True)
    augmentation = build_augmentation(augment, seed) if views and augment else None
    forward = compiled(backbone, augmentation)
    progress = _Progress(len(images) * max(views, 1))
    digest = hashlib.sha256(repr(full).encode())
    partial = out.with_suffix(".partial.npy")
    # Row after row: memory does not grow with the number of images, and a full disk is an error.
    with partial.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": full}
        np.lib.format.write_array_header_1_0(file, header)
        for view in range(max(views, 1)):
            if augmentation is not None:
                reseed(augmentation, seed, view)
            for values in feature_batches(forward, images, batch):
                digest.update(values.data)
                file.write(values.data)
                progress.add(len(values))
    partial.replace(out)
    return {"shape": list(full), "views": views, "digest": digest.hexdigest()[:16]}


def feature_batches(
    forward: Callable[[tf.Tensor], tf.Tensor], images: PackedImages, batch: int
) -> Iterator[np.ndarray]:
    """The features of all images in their order, some at a time: float32, (up to `batch`, ...)."""
    for pixels in images.batches(batch):
        yield np.ascontiguousarray(forward(pixels).numpy(), np.float32)


def write_facts(facts: dict[str, Any], out: str | Path) -> None:
    """Write facts as JSON with sorted keys."""
    Path(out).write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n", encoding="utf-8")


class _Progress:
    """A line now and then: images done, rate, time left."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self.started = self.last = time.monotonic()

    def add(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES and self.done < self.total:
            return
        self.last = now
        rate = self.done / max(now - self.started, 1e-9)
        left = (self.total - self.done) / rate
        log.info(
            "features: %d of %d images, %.0f images/s, %.0f s left",
            self.done,
            self.total,
            rate,
            left,
        )
