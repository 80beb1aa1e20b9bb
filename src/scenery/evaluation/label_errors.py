"""Images whose label is probably wrong, by predictions of models that have not seen them.

Confident learning (Northcutt, Jiang and Chuang 2021), written anew from the paper.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scenery.data.similarity import least_similarity, nearest_images

Array = NDArray[np.float64]


def self_confidence(probabilities: Array, labels: NDArray[np.int64]) -> Array:
    """The probability of the label that each image has, shape (images,)."""
    found: Array = probabilities[np.arange(len(labels)), labels]
    return found


def confident_classes(probabilities: Array, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class to which each image confidently belongs; -1 where none is confident.

    A class is confident if its probability is at least its mean over the images of that label. Of
    several such classes the most probable one counts.

    Args:
        probabilities: Shape (images, classes), of images that were held out.
        labels: Shape (images,), class numbers.
    """
    classes = probabilities.shape[1]
    means = np.array(
        [
            probabilities[labels == label, label].mean() if (labels == label).any() else np.inf
            for label in range(classes)
        ]
    )
    confident = np.where(probabilities >= means, probabilities, -1.0)
    found: NDArray[np.int64] = np.where(confident.max(axis=1) < 0, -1, confident.argmax(axis=1))
    return found


def suspect_table(
    table: pd.DataFrame, probabilities: Array, vectors: Array, classes: list[str]
) -> pd.DataFrame:
    """All images, the least probable label first.

    Args:
        table: The images: file, class, label.
        probabilities: Shape (images, classes), of models that had not seen the image.
        vectors: Shape (images, values), features by which images are compared.
        classes: Class names in the order of their numbers.

    Returns:
        Columns file, class, suggested (the most probable class), self_confidence (probability of
        the label), suspect (whether another class is confident, see `confident_classes`), nearest
        (the most similar other image), nearest_class, similarity (cosine, at most 1; an image of a
        low one is an outlier) and near_duplicate (whether both probably show the same, see
        `scenery.data.similarity`).
    """
    labels = table["label"].to_numpy()
    confident = confident_classes(probabilities, labels)
    nearest, similarity = nearest_images(vectors)
    found = pd.DataFrame(
        {
            "file": table["file"].to_numpy(),
            "class": table["class"].to_numpy(),
            "suggested": np.array(classes, object)[probabilities.argmax(axis=1)],
            "self_confidence": self_confidence(probabilities, labels).round(6),
            "suspect": (confident >= 0) & (confident != labels),
            "nearest": table["file"].to_numpy()[nearest],
            "nearest_class": table["class"].to_numpy()[nearest],
            "similarity": similarity.round(4),
            "near_duplicate": similarity >= least_similarity(vectors, labels),
        }
    )
    return found.sort_values(["self_confidence", "file"], ignore_index=True)
