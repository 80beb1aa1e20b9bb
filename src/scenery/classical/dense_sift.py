"""Dense SIFT: OpenCV's SIFT descriptors on a regular grid, at several scales.

Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004; on a grid and upright
as in Lazebnik, Schmid and Ponce, "Beyond bags of features", CVPR 2006. Each scale is a square of
4 x 4 cells around the grid's points; the image is smoothed in proportion to the cells, as in
VLFeat's `vl_phow`.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from scenery.errors import UserError
from scenery.image_size import ImageSize, sides

VALUES = 128
CELLS = 4

# OpenCV's descriptor has cells as wide as 1.5 times its key point's size.
CELL_OF_SIZE = 1.5
# Standard deviation of the smoothing in cells (`magnif` of VLFeat is its inverse).
SMOOTHING_OF_CELL = 1 / 6
# Below this OpenCV takes the image as it is, so that the smoothing would no longer follow.
MIN_SMOOTHING = 0.51


class DenseSift:
    """Descriptors of images of one size.

    Args:
        image_size: Size of the images in pixels.
        step: Pixels between neighboring points of the grid.
        scales: Sides in pixels of the squares that are described; all lie within the image.

    Raises:
        UserError: When a square or the step is larger than the image.
    """

    dtype = "|u1"

    def __init__(self, image_size: ImageSize, step: int, scales: Sequence[int]) -> None:
        rows, columns = (grid_positions(side, step, scales) for side in sides(image_size))
        self.shape: tuple[int, ...] = (len(rows), len(columns), len(scales), VALUES)
        points = [(x, y) for y in rows for x in columns]
        self._scales = [
            (
                cv2.SIFT.create(
                    nOctaveLayers=1, sigma=max(MIN_SMOOTHING, SMOOTHING_OF_CELL * side / CELLS)
                ),
                # angle 0: upright, so that the sky stays above; octave 0: no scaling of the image
                [cv2.KeyPoint(x, y, side / CELLS / CELL_OF_SIZE, 0.0, 0.0, 0) for x, y in points],
            )
            for side in scales
        ]

    def describe(self, pixels: np.ndarray) -> np.ndarray:
        """The descriptors of some images.

        Args:
            pixels: uint8 RGB, shape (images, height, width, 3).

        Returns:
            uint8, shape (images, rows, columns, scales, 128).
        """
        described = np.empty((len(pixels), *self.shape), np.uint8)
        for target, image in zip(described, pixels, strict=True):
            gray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
            for number, (sift, points) in enumerate(self._scales):
                _, values = sift.compute(gray, points)
                target[:, :, number] = values.reshape(*self.shape[:2], VALUES)
        return described


def grid_positions(image_size: int, step: int, scales: Sequence[int]) -> list[int]:
    """Where the grid's points lie on an axis, in pixels: centered, largest squares inside."""
    largest = max(scales)
    if largest > image_size:
        raise UserError(
            f"network.scales: squares of {largest} pixels do not fit images of {image_size} pixels"
        )
    if step > image_size:
        raise UserError(
            f"network.step: a grid of {step} pixels has no second point in images of "
            f"{image_size} pixels"
        )
    # Whole pixels, since OpenCV rounds the places of its key points.
    rest = image_size - largest
    first = (largest + rest % step) // 2
    return list(range(first, first + rest // step * step + 1, step))
