"""Division of images into folds, each of which is held out once.

The images of a group (views or copies of one image, frames of one scene, images of one patient) are
in one fold. Each fold has its share of every class as far as the groups allow.
"""

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold


def assign_folds(labels: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """The fold in which each image is held out.

    There are as many folds as asked for, or fewer where even the class with the most groups has
    fewer groups.

    Args:
        labels: Shape (images,), class numbers from 0.
        groups: Shape (images,), group numbers.
        folds: Number of folds, at least 2.
        seed: Seed of the division.

    Returns:
        Shape (images,), fold numbers from 0; all 0 where no class has two groups.
    """
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    folds = min(folds, int(np.bincount(pairs[0]).max()))
    found = np.zeros(len(labels), np.int64)
    if folds < 2:
        return found
    with warnings.catch_warnings():
        # A class with fewer groups than folds is missing in some folds.
        warnings.filterwarnings("ignore", message="The least populated class")
        if len(np.unique(groups)) == len(groups):
            # Single images are divided more evenly, and faster.
            single = StratifiedKFold(folds, shuffle=True, random_state=seed)
            divisions = list(single.split(labels, labels))
        else:
            grouped = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
            divisions = list(grouped.split(labels, labels, groups))
    for number, (_, held_out) in enumerate(divisions):
        found[held_out] = number
    return found
