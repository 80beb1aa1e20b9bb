"""Handcrafted descriptors in the place of a network: what they share, and which there are.

Those of whole images are of scikit-image and OpenCV; each is a function of one part of an image.
"""

from collections.abc import Callable
from typing import Any, Protocol

import cv2
import numpy as np
from skimage.feature import graycomatrix, graycoprops, hog, local_binary_pattern
from skimage.morphology import disk

from scenery.classical.dense_sift import DenseSift
from scenery.image_size import ImageSize, sides
from scenery.registry.architectures.base import GlobalDescriptor
from scenery.registry.architectures.color_histogram import ColorHistogram
from scenery.registry.architectures.cooccurrence import MEASURES, Cooccurrence
from scenery.registry.architectures.dense_sift import DenseSIFT
from scenery.registry.architectures.granulometry import Granulometry
from scenery.registry.architectures.hog import BLOCK, HOG
from scenery.registry.architectures.lbp import LBP, NEIGHBORS, PATTERNS
from scenery.registry.custom_architectures import Network, architecture

Values = np.ndarray
ANGLES = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
COLOR_CODES = {"hsv": cv2.COLOR_RGB2HSV_FULL, "lab": cv2.COLOR_RGB2LAB}


class Handcrafted(Protocol):
    """Descriptors of images of one size.

    Attributes:
        shape: Of the descriptors of one image.
        dtype: Of their values, as NumPy writes it in files.
    """

    shape: tuple[int, ...]
    dtype: str

    def describe(self, pixels: np.ndarray) -> np.ndarray:
        """The descriptors of uint8 RGB images of shape (images, height, width, 3)."""
        ...


class GlobalDescriptors:
    """One vector for each image: a description of each part of a pyramid, one after the other.

    Args:
        record: The descriptor with its options.
        image_size: Size of the images in pixels.
    """

    dtype = "<f4"

    def __init__(self, record: GlobalDescriptor, image_size: ImageSize) -> None:
        self._record = record
        self._describe = _DESCRIBE[type(record)]
        height, width = sides(image_size)
        self.shape: tuple[int, ...] = (
            sum(n**2 * record.count(height // n, width // n) for n in record.pyramid),
        )

    def describe(self, pixels: np.ndarray) -> np.ndarray:
        """The descriptors of some images.

        Args:
            pixels: uint8 RGB, shape (images, height, width, 3).

        Returns:
            float32, shape (images, values).
        """
        return np.stack([self._vector(np.ascontiguousarray(image)) for image in pixels])

    def _vector(self, image: np.ndarray) -> Values:
        found = []
        for parts in self._record.pyramid:
            high, wide = image.shape[0] // parts, image.shape[1] // parts
            for row in range(parts):
                for column in range(parts):
                    part = image[row * high : (row + 1) * high, column * wide : (column + 1) * wide]
                    found.append(self._describe(self._record, np.ascontiguousarray(part)))
        return np.concatenate(found).astype(np.float32)


def handcrafted_descriptors(name: str, image_size: ImageSize, options: Network) -> Handcrafted:
    """The descriptors of a name of the backbone table.

    Raises:
        UserError: When the images are too small for them.
    """
    record = architecture(name, options)
    if isinstance(record, DenseSIFT):
        return DenseSift(image_size, record.step, record.scales)
    assert isinstance(record, GlobalDescriptor)
    return GlobalDescriptors(record, image_size)


def _gray(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def _hog(record: HOG, image: np.ndarray) -> Values:
    """Blocks of two by two cells, normalized by their clipped length (L2-Hys)."""
    vectors = [
        hog(
            _gray(image),
            orientations=record.orientations,
            pixels_per_cell=(cell, cell),
            cells_per_block=(BLOCK, BLOCK),
            block_norm="L2-Hys",
        )
        for cell in record.cell_sizes
    ]
    return np.concatenate(vectors)


def _lbp(record: LBP, image: np.ndarray) -> Values:
    """The share of the pixels that have each uniform pattern."""
    gray = _gray(image)
    counts = [
        np.bincount(
            local_binary_pattern(gray, NEIGHBORS, radius, "uniform").astype(int).ravel(),
            minlength=PATTERNS,
        )
        for radius in record.radii
    ]
    return np.concatenate(counts) / gray.size


def _cooccurrence(record: Cooccurrence, image: np.ndarray) -> Values:
    levels = (_gray(image).astype(np.int64) * record.levels // 256).astype(np.uint8)
    matrix = graycomatrix(
        levels, list(record.distances), list(ANGLES), record.levels, symmetric=True, normed=True
    )
    # Shape (measures, distances, directions).
    found = np.stack([graycoprops(matrix, measure) for measure in MEASURES])
    return np.concatenate([found.mean(axis=2).ravel(), np.ptp(found, axis=2).ravel()])


def _color_histogram(record: ColorHistogram, image: np.ndarray) -> Values:
    """The share of the pixels in each bin."""
    code = COLOR_CODES.get(record.color_space)
    colors = image if code is None else cv2.cvtColor(image, code)
    places = colors.reshape(-1, 3).astype(np.int64) * record.bins // 256
    numbers = np.ravel_multi_index(tuple(places.T), (record.bins,) * 3)
    return np.bincount(numbers, minlength=record.bins**3) / len(numbers)


def _granulometry(record: Granulometry, image: np.ndarray) -> Values:
    """The share of the brightness that each larger disk takes away; of openings, then closings."""
    gray = _gray(image)
    spectrum = []
    for operation, light in ((cv2.MORPH_OPEN, gray), (cv2.MORPH_CLOSE, 255 - gray)):
        left = [float(light.sum())]
        for radius in record.radii:
            changed = cv2.morphologyEx(gray, operation, disk(radius))
            rest = changed if operation == cv2.MORPH_OPEN else 255 - changed
            left.append(float(rest.sum()))
        spectrum.append(-np.diff(left) / max(left[0], 1.0))
    return np.concatenate(spectrum)


_DESCRIBE: dict[type[GlobalDescriptor], Callable[[Any, np.ndarray], Values]] = {
    HOG: _hog,
    LBP: _lbp,
    Cooccurrence: _cooccurrence,
    ColorHistogram: _color_histogram,
    Granulometry: _granulometry,
}
