"""MixUp and CutMix: each image of a batch is mixed with another, and so are their labels.

Zhang et al. (2018), "mixup: Beyond empirical risk minimization"; Yun et al. (2019), "CutMix:
Regularization strategy to train strong classifiers with localizable features". As in both, one
share is drawn for a whole batch. The partner of an image is its mirror place in the batch, whose
order is random, so that nothing but the shares has to be drawn.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

# Beside those of augmentation and order, which have the seed and the epoch alone.
STREAM = 7


@dataclass(frozen=True)
class Mixing:
    """What is mixed in each batch of one epoch.

    Attributes:
        shares: Of the first image in the mixture, shape (batches,), 0 to 1.
        boxes: Of the partner in the image: top, left, bottom, right as fractions, shape
            (batches, 4); empty boxes where the whole images are mixed.
    """

    shares: np.ndarray
    boxes: np.ndarray


def draw_mixing(mixup: float, cutmix: float, batches: int, seed: int, epoch: int) -> Mixing | None:
    """The mixtures of an epoch, which depend on the seed and the epoch alone.

    Args:
        mixup: Parameter of the symmetric beta distribution of MixUp's shares; 0: no MixUp.
        cutmix: The same of CutMix; 0: no CutMix. With both, half of the batches have each.
        batches: Number of batches.
        seed: Of the trial.
        epoch: Number of the epoch.

    Returns:
        None where nothing is mixed.
    """
    if not mixup and not cutmix:
        return None
    rng = np.random.default_rng([seed, epoch, STREAM])
    cuts = rng.random(batches) < (0.5 if mixup and cutmix else float(bool(cutmix)))
    alphas = np.where(cuts, cutmix or 1.0, mixup or 1.0)
    shares = rng.beta(alphas, alphas)
    half = np.sqrt(1 - shares) / 2
    centers = rng.random((2, batches))
    top, left = np.clip(centers - half, 0, 1)
    bottom, right = np.clip(centers + half, 0, 1)
    # Where the border cuts off a part of the box, the share is that of what is left.
    shares = np.where(cuts, 1 - (bottom - top) * (right - left), shares)
    boxes = np.stack([top, left, bottom, right], axis=1) * cuts[:, np.newaxis]
    return Mixing(shares.astype("float32"), boxes.astype("float32"))


def mix_batches(batches: tf.data.Dataset, mixing: Mixing) -> tf.data.Dataset:
    """Mix batches of float images, labels and weights of the images.

    Labels are one tensor or a dictionary of tensors, shape (images, classes).
    """

    def mix(batch: Any, drawn: Any) -> Any:
        (images, labels, weights), (share, box) = batch, drawn
        mixed = tf.nest.map_structure(lambda one: mix_labels(one, share), labels)
        return mix_images(images, share, box), mixed, mix_labels(weights, share)

    drawn = tf.data.Dataset.from_tensor_slices((mixing.shares, mixing.boxes))
    return tf.data.Dataset.zip(batches, drawn).map(mix)


def mix_images(images: tf.Tensor, share: tf.Tensor, box: tf.Tensor) -> tf.Tensor:
    """Mix a batch of images, shape (images, height, width, channels), with its reverse.

    Args:
        images: Float images.
        share: Of each image in its mixture, where the box is empty.
        box: Top, left, bottom and right of the partner's part, as fractions.
    """
    partners = tf.reverse(images, axis=[0])
    inside = _inside(tf.shape(images)[1], box[0], box[2])[:, tf.newaxis, tf.newaxis]
    inside &= _inside(tf.shape(images)[2], box[1], box[3])[tf.newaxis, :, tf.newaxis]
    cut = tf.where(inside, partners, images)
    is_cut = box[2] > box[0]
    return tf.where(is_cut, cut, share * images + (1 - share) * partners)


def mix_labels(labels: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Mix labels or weights, the images on their first axis, with their reverse."""
    return share * labels + (1 - share) * tf.reverse(labels, axis=[0])


def _inside(cells: tf.Tensor, start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
    """Which cells of an axis have their center in a range of fractions."""
    centers = (tf.range(cells, dtype=tf.float32) + 0.5) / tf.cast(cells, tf.float32)
    return (centers >= start) & (centers < end)
