"""The digits of scikit-learn as image files; nothing is downloaded."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from scenery.data.class_folders import write_class_folders
from scenery.registry.datasets import NAMED_DATASETS

# Their pixels count the dark points of a square of 4 x 4.
DARKEST = 16


def write_digits(folder: Path) -> int:
    """Write the 1,797 digits into class folders, as images of 8 x 8 pixels of 0 to 255.

    They have no partitions; those of a study are drawn by `split`.

    Args:
        folder: Where the class folders go.

    Returns:
        Number of images.
    """
    digits = load_digits()
    images = np.round(digits.images * (255 / DARKEST)).astype(np.uint8)
    write_class_folders(folder, images, digits.target, NAMED_DATASETS["digits"])
    return len(images)
