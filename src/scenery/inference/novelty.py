"""Whether a photograph is unlike all training images.

The score is the distance to the k-th nearest training image, on features of unit length (Sun et
al., "Out-of-distribution detection with deep nearest neighbors", ICML 2022).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenery.errors import UserError

NEIGHBORS = 5
# The share of training images that are not called unlike the others.
KEPT = 0.95
FOLDS = 5
# Training images that are kept for comparison.
MAX_REFERENCES = 1000
ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class References:
    """Training images to compare with.

    Attributes:
        vectors: float32, shape (images, values), each of length 1 (or 0).
        threshold: The distance above which a photograph is unlike them.
    """

    vectors: np.ndarray
    threshold: float

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Distances as multiples of the threshold: above 1 is unlike all training images.

        Args:
            values: Features, shape (images, ...).

        Returns:
            float64, shape (images,).
        """
        return _distances(unit_vectors(values), self.vectors) / self.threshold


def learn_references(values: np.ndarray, groups: np.ndarray, seed: int = 0) -> References:
    """Keep training images, and find the threshold.

    Each training image is compared with those of the other folds, and 95 % of them are below the
    threshold. Groups, such as near duplicates, are in one fold.

    Args:
        values: Features of training images, shape (images, ...).
        groups: Shape (images,), number of each image's group.
        seed: Seed of the folds.
    """
    vectors = unit_vectors(values)
    names, places = np.unique(groups, return_inverse=True)
    folds = np.random.default_rng(seed).permutation(len(names))[places] % FOLDS
    found = np.zeros(len(vectors))
    for fold in np.unique(folds):
        here = folds == fold
        # With a single group there is nothing else to compare with.
        others = vectors if here.all() else vectors[~here]
        found[here] = _distances(vectors[here], others)
    return References(vectors, max(float(np.quantile(found, KEPT)), 1e-6))


def unit_vectors(values: np.ndarray) -> np.ndarray:
    """Features, shape (images, ...), as rows of length 1 (or 0): float32, (images, values)."""
    rows = np.asarray(values, np.float32).reshape(len(values), -1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-12)


def _distances(vectors: np.ndarray, references: np.ndarray) -> np.ndarray:
    """Distance of each vector to its k-th nearest reference, a few rows at a time."""
    nearest = min(NEIGHBORS, len(references)) - 1
    parts = []
    for start in range(0, len(vectors), ROWS_AT_ONCE):
        rows = vectors[start : start + ROWS_AT_ONCE].astype(np.float64)
        squares = (rows**2).sum(axis=1)[:, None] + (references.astype(np.float64) ** 2).sum(axis=1)
        squares -= 2 * rows @ references.T.astype(np.float64)
        parts.append(np.sqrt(np.maximum(np.partition(squares, nearest, axis=1)[:, nearest], 0)))
    return np.concatenate(parts) if parts else np.zeros(0)


def reference_places(images: int) -> np.ndarray:
    """Which of a number of training images are kept for comparison, spread over all of them."""
    return np.linspace(0, images - 1, min(images, MAX_REFERENCES)).astype(int)


def save_references(references: References, out: Path) -> None:
    """Write an archive of arrays, which holds no code."""
    np.savez_compressed(out, vectors=references.vectors, threshold=references.threshold)


def load_references(path: Path) -> References:
    """Read it.

    Raises:
        UserError: The file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as kept:
            vectors, threshold = kept["vectors"], float(kept["threshold"])
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise UserError(f"{path}: cannot be read as arrays ({error})") from None
    if vectors.ndim != 2 or not len(vectors) or not threshold > 0:
        raise UserError(f"{path}: holds no training images to compare with")
    return References(vectors, threshold)
