"""Packed images as batches: memory-mapped, so that memory does not grow with their number."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf

from scenery.data.given_weights import given_weights, joined_weights
from scenery.data.memmap import drop_pages
from scenery.image_size import ImageSize, image_size_of, sides


@dataclass(frozen=True)
class PackedImages:
    """Some rows of one or more packed arrays with their labels.

    Attributes:
        arrays: uint8, memory-mapped, each of shape (its images, height, width, 3).
        sources: Shape (images,), which of the arrays an image is in.
        rows: Shape (images,), its position there.
        labels: Shape (images,), class numbers from 0.
        files: Where the images came from, in the same order.
        weights: Shape (images,), those that the data set gives to the images; None: all 1.
    """

    arrays: tuple[np.ndarray, ...]
    sources: np.ndarray
    rows: np.ndarray
    labels: np.ndarray
    files: tuple[str, ...]
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def size(self) -> ImageSize:
        """Size of the images in pixels."""
        height, width = self.arrays[0].shape[1:3]
        return image_size_of(int(height), int(width))

    def read(self, positions: np.ndarray) -> np.ndarray:
        """The pixels of some images: uint8, shape (positions, height, width, 3)."""
        pixels = np.empty((len(positions), *sides(self.size), 3), np.uint8)
        for number, array in enumerate(self.arrays):
            here = self.sources[positions] == number
            pixels[here] = array[self.rows[positions[here]]]
            drop_pages(array)
        return pixels

    def joined_with(self, other: "PackedImages") -> "PackedImages":
        """Both sets of images as one, still memory-mapped."""
        return PackedImages(
            arrays=self.arrays + other.arrays,
            sources=np.concatenate([self.sources, other.sources + len(self.arrays)]),
            rows=np.concatenate([self.rows, other.rows]),
            labels=np.concatenate([self.labels, other.labels]),
            files=self.files + other.files,
            weights=joined_weights(self.weights, other.weights, (len(self), len(other))),
        )

    def of_images(self, images: np.ndarray) -> "PackedImages":
        """Some of the images.

        Args:
            images: Shape (some images,), their numbers.
        """
        return PackedImages(
            arrays=self.arrays,
            sources=self.sources[images],
            rows=self.rows[images],
            labels=self.labels[images],
            files=tuple(self.files[number] for number in images),
            weights=None if self.weights is None else self.weights[images],
        )

    def batches(self, batch: int, order: np.ndarray | None = None) -> tf.data.Dataset:
        """uint8 batches of shape (up to `batch`, height, width, 3), read ahead while others train.

        Args:
            batch: Images in a batch; the last one may be smaller.
            order: Positions from 0 to len(self) - 1; None keeps the order of the rows.
        """
        positions = np.arange(len(self)) if order is None else order

        def gather(some: tf.Tensor) -> tf.Tensor:
            images = tf.numpy_function(self.read, [some], tf.uint8, stateful=False)
            images.set_shape((None, *sides(self.size), 3))
            return images

        read = tf.data.Dataset.from_tensor_slices(positions).batch(batch).map(gather).prefetch(2)
        return read.with_options(_without_autotune())


def _without_autotune() -> tf.data.Options:
    """There is nothing to tune here, and tuning can double the time of an epoch.

    TensorFlow's tuner sleeps 10 ms, then 20, 40 and so on. Where an iterator ends while it sleeps,
    its end may wait for the tuner to wake: an epoch of 11 s then takes 20.5.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return options


def open_packed(array: str | Path, table: pd.DataFrame) -> PackedImages:
    """The packed images that a split's or subset's rows name.

    Args:
        array: The .npy file of one partition.
        table: Columns file, label and row, all of that partition.
    """
    return PackedImages(
        arrays=(np.load(array, mmap_mode="r", allow_pickle=False),),
        sources=np.zeros(len(table), np.int64),
        rows=table["row"].to_numpy(np.int64),
        labels=table["label"].to_numpy(np.int64),
        files=tuple(table["file"]),
        weights=given_weights(table),
    )
