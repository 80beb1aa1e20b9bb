"""Features with their labels, and reading them back. Light: heads and classical models use them."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from scenery.data.given_weights import given_weights, joined_weights
from scenery.data.memmap import drop_pages


@dataclass(frozen=True)
class LabeledFeatures:
    """Features with their labels.

    Attributes:
        values: float32, shape (images, ...), or (views, images, ...) where `views` is true.
        labels: Shape (images,), class numbers from 0.
        views: Whether the first axis counts renderings of the same images.
        weights: Shape (images,), those that the data set gives to the images; None: all 1.
    """

    values: np.ndarray
    labels: np.ndarray
    views: bool = False
    weights: np.ndarray | None = None

    def joined_with(self, other: "LabeledFeatures") -> "LabeledFeatures":
        """Both sets of features as one; both hold views, equally many, or neither does."""
        images = 1 if self.views else 0
        return LabeledFeatures(
            np.concatenate([self.values, other.values], axis=images),
            np.concatenate([self.labels, other.labels]),
            self.views,
            joined_weights(self.weights, other.weights, (len(self.labels), len(other.labels))),
        )

    def of_images(self, images: np.ndarray) -> "LabeledFeatures":
        """The features of some images.

        Args:
            images: Shape (some images,), their numbers.
        """
        values = np.asarray(self.values)
        values = values[:, images] if self.views else values[images]
        weights = None if self.weights is None else self.weights[images]
        return LabeledFeatures(values, self.labels[images], self.views, weights)

    def sample_views(self, epoch: int, seed: int) -> np.ndarray:
        """The features that one epoch sees: of every image one view.

        Each image goes through its views in an order of its own, so that every view serves
        before one serves again: with as many views as epochs this is on-line augmentation.
        """
        if not self.views:
            return self.values
        views, images = self.values.shape[:2]
        generator = np.random.default_rng([seed, epoch // views])
        order = generator.permuted(np.tile(np.arange(views), (images, 1)), axis=1)
        seen = np.asarray(self.values[order[:, epoch % views], np.arange(images)])
        drop_pages(self.values)
        return seen


def read_features(array: Path, facts: Path, table: pd.DataFrame) -> LabeledFeatures:
    """Features with labels.

    Args:
        array: .npy file of a partition's or subset's features.
        facts: The JSON file beside it.
        table: The images; of the features of plain images only these rows are read.
    """
    views = json.loads(facts.read_text(encoding="utf-8"))["views"]
    values = np.load(array, mmap_mode="r", allow_pickle=False)
    labels = table["label"].to_numpy(np.int64)
    if views:
        return LabeledFeatures(values, labels, True, given_weights(table))
    plain = np.asarray(values[table["row"].to_numpy()])
    return LabeledFeatures(plain, labels, False, given_weights(table))
