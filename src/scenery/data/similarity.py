"""Images that are alike, by the cosine similarity of their feature vectors.

Vectors are centered first: without it, all images of one data set are alike.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Vectors may have any precision.
Vectors = NDArray[np.floating]

# Similarities that are computed at once.
BLOCK = 1024
# Two images whose similarity is at least this show the same scene or object. Measured with vectors
# of EfficientNet-Lite0 on 2,688 photographs of scenes: of 43 such pairs, all show one place.
MIN_SIMILARITY = 0.88
# Where all images of a class are alike, a pair has to stand out. Its distance (one minus the
# similarity) is at most this share of the mean distance within classes.
MAX_SHARE_OF_DISTANCE = 0.17


def directions(vectors: Vectors) -> NDArray[np.float32]:
    """Centered vectors of length one; zero for an image that is equal to the mean.

    Args:
        vectors: Shape (images, values).
    """
    centered = vectors - vectors.mean(axis=0)
    lengths = np.linalg.norm(centered, axis=1, keepdims=True)
    found: NDArray[np.float32] = (centered / np.maximum(lengths, 1e-12)).astype(np.float32)
    return found


def nearest_images(vectors: Vectors) -> tuple[NDArray[np.int64], Array]:
    """The most similar other image of each, and the cosine similarity to it.

    Args:
        vectors: Shape (images, values), at least two images.

    Returns:
        Two arrays of shape (images,); the similarity is at most 1.
    """
    unit = directions(vectors)
    nearest = np.empty(len(unit), np.int64)
    similarity = np.empty(len(unit))
    for start in range(0, len(unit), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(unit)))
        found = unit[rows] @ unit.T
        found[np.arange(len(rows)), rows] = -np.inf
        nearest[rows] = found.argmax(axis=1)
        similarity[rows] = found.max(axis=1)
    return nearest, np.minimum(similarity, 1.0)


def least_similarity(vectors: Vectors, labels: NDArray[np.int64]) -> float:
    """The similarity from which on two images probably show the same.

    Args:
        vectors: Shape (images, values).
        labels: Shape (images,), class numbers.
    """
    return _limit(directions(vectors), labels)


def _limit(unit: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The same from what `directions` gives."""
    pairs = total = 0.0
    for label in np.unique(labels):
        members = unit[labels == label].astype(np.float64)
        # The squared length of a sum holds the similarity of each pair twice.
        total += float(np.square(members.sum(axis=0)).sum() - np.square(members).sum())
        pairs += len(members) * (len(members) - 1)
    mean = total / pairs if pairs else 0.0
    return max(MIN_SIMILARITY, 1 - MAX_SHARE_OF_DISTANCE * (1 - mean))


def near_duplicates(vectors: Vectors, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs of images that probably show the same scene or object.

    Args:
        vectors: Shape (images, values).
        labels: Shape (images,), class numbers. A pair may have two classes.

    Returns:
        Positions, shape (pairs, 2), the smaller one first.
    """
    if len(vectors) < 2:
        return np.empty((0, 2), np.int64)
    unit = directions(vectors)
    limit = _limit(unit, labels)
    found = []
    for start in range(0, len(unit), BLOCK):
        rows = unit[start : start + BLOCK]
        first, second = np.nonzero(rows @ unit[start:].T >= limit)
        later = second > first
        found.append(np.stack([first[later], second[later]], axis=1) + start)
    return np.concatenate(found).astype(np.int64)
