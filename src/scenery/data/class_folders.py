"""Writing images that come as arrays into class folders."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def write_class_folders(
    folder: Path, images: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> None:
    """Write each image as ``<class>/<class>_<number>.png``, numbers from 1 in each class.

    Args:
        folder: where the class folders go.
        images: uint8, shape (images, rows, columns) in gray or (images, rows, columns, 3) in RGB.
        labels: shape (images,) or (images, 1), class numbers from 0.
        classes: names of the classes in the order of their numbers.

    Raises:
        ValueError: another type or shape, or a number that is no class's.
    """
    gray_or_color = images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)
    if images.dtype != np.uint8 or not gray_or_color:
        raise ValueError(f"images of type {images.dtype} and shape {images.shape}")
    numbers = np.asarray(labels).reshape(-1)
    if len(numbers) != len(images):
        raise ValueError(f"{len(images)} images and {len(numbers)} labels")
    if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(classes):
        raise ValueError(f"labels from {numbers.min()} to {numbers.max()}")
    for number, name in enumerate(classes):
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for count, image in enumerate(images[numbers == number], start=1):
            Image.fromarray(image).save(place / f"{name}_{count:05d}.png")
