"""Dense SIFT: where it stands, what it describes, what it refuses."""

import cv2
import numpy as np
import pytest

from scenery.classical.dense_sift import DenseSift, grid_positions
from scenery.errors import UserError


def noise(images: int, size: int) -> np.ndarray:
    small = np.random.default_rng(0).integers(0, 256, (images, 8, 8, 3), dtype=np.uint8)
    return np.stack([cv2.resize(image, (size, size)) for image in small])


def test_a_grid_of_descriptors_at_each_scale() -> None:
    sift = DenseSift(64, 8, (16, 32))
    described = sift.describe(noise(3, 64))
    # The largest squares lie within the image: (64 - 32) / 8 + 1 points along a side.
    assert described.shape == (3, *sift.shape) == (3, 5, 5, 2, 128)
    assert described.dtype == np.uint8
    lengths = np.linalg.norm(described.astype(float), axis=-1)
    assert lengths == pytest.approx(np.full_like(lengths, 512), rel=0.02)
    assert (described == DenseSift(64, 8, (16, 32)).describe(noise(3, 64))).all()


def test_it_is_what_opencv_says_of_that_square() -> None:
    image = noise(1, 64)
    sift = DenseSift(64, 8, (32,))
    positions = grid_positions(64, 8, (32,))
    y, x = positions[1], positions[3]
    # 4 cells of 8 pixels: OpenCV's cells are 1.5 sizes wide.
    point = cv2.KeyPoint(x, y, 8 / 1.5, 0.0, 0.0, 0)
    gray = cv2.cvtColor(image[0], cv2.COLOR_RGB2GRAY)
    _, wanted = cv2.SIFT_create(nOctaveLayers=1, sigma=8 / 6).compute(gray, [point])
    assert (sift.describe(image)[0, 1, 3, 0] == wanted[0]).all()


def test_grid_of_an_image_that_is_not_square_has_its_rows_and_columns() -> None:
    wide = np.concatenate([noise(1, 64), noise(1, 64)], axis=2)
    sift = DenseSift((64, 128), 8, (32,))
    described = sift.describe(wide)
    assert described.shape == (1, *sift.shape) == (1, 5, 13, 1, 128)
    # The left half is described as alone, except where squares reach over its end.
    assert (
        described[:, :, :4] == DenseSift(64, 8, (32,)).describe(wide[:, :, :64])[:, :, :4]
    ).all()


def test_rows_are_down_and_columns_to_the_right() -> None:
    image = np.zeros((1, 64, 64, 3), np.uint8)
    image[0, 40:] = 200
    described = DenseSift(64, 8, (16,)).describe(image)[0, :, :, 0]
    # An edge from left to right: the same in every column (but for the image's border), in the
    # lower rows alone.
    assert (described[:, 1:-1] == described[:, 1:2]).all()
    filled = described[:, 1].any(axis=1)
    assert not filled[0] and filled.any()
    assert np.flatnonzero(filled).min() >= 3


def test_it_describes_light_not_color_names() -> None:
    image = noise(1, 64)
    sift = DenseSift(64, 16, (16,))
    gray = cv2.cvtColor(image[0], cv2.COLOR_RGB2GRAY)
    assert (sift.describe(np.repeat(gray[None, :, :, None], 3, -1)) == sift.describe(image)).all()
    assert (sift.describe(image[..., ::-1]) != sift.describe(image)).any()


def test_an_image_of_one_color_has_no_gradients() -> None:
    assert not DenseSift(32, 8, (16,)).describe(np.full((2, 32, 32, 3), 90, np.uint8)).any()


@pytest.mark.parametrize(
    ("size", "step", "scales", "message"),
    [(32, 8, (16, 48), "48 pixels do not fit images of 32"), (32, 40, (16,), "40 pixels .* of 32")],
)
def test_what_does_not_fit(size: int, step: int, scales: tuple[int, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        DenseSift(size, step, scales)
