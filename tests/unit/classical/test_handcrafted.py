"""Descriptors of whole images: their values, their number, and their scales."""

from typing import Any

import cv2
import numpy as np
import pytest
from skimage.feature import hog

from scenery.classical.handcrafted import handcrafted_descriptors
from scenery.registry.architecture_outlines import architecture_outline
from scenery.registry.custom_architectures import GLOBAL, Network

SIZE = 64


def describe(name: str, images: np.ndarray, **options: Any) -> np.ndarray:
    made = handcrafted_descriptors(name, images.shape[1], Network(**options))
    values = made.describe(images)
    assert values.shape[1:] == made.shape
    assert values.dtype == np.dtype(made.dtype) == np.float32
    return values


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    small = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    return np.stack([cv2.resize(image, (SIZE, SIZE)) for image in small])


def stripes(width: int, vertical: bool = True) -> np.ndarray:
    """A gray image of light and dark stripes."""
    line = np.where(np.arange(SIZE) // width % 2, 255, 0).astype(np.uint8)
    gray = np.tile(line, (SIZE, 1))
    return np.repeat((gray if vertical else gray.T)[None, :, :, None], 3, -1)


@pytest.mark.parametrize("name", GLOBAL)
@pytest.mark.parametrize("pyramid", [[1], [1, 2]])
def test_descriptors_have_the_values_of_the_outline(
    name: str, pyramid: list[int], noise: np.ndarray
) -> None:
    options: dict[str, Any] = {"pyramid": pyramid}
    if name == "HOG":
        options["cell_sizes"] = [8, 16]
    if name == "Granulometry":
        options["radii"] = [1, 2, 4]
    values = describe(name, noise, **options)
    (step,) = architecture_outline(name, Network(**options), SIZE)
    assert (step.size, step.channels) == (1, values.shape[1])
    assert np.isfinite(values).all()
    assert not np.array_equal(values[0], values[1])
    if pyramid == [1, 2]:
        alone = describe(name, noise, **{**options, "pyramid": [1]})
        lower_right = describe(name, noise[:, 32:, 32:], **{**options, "pyramid": [1]})
        assert np.array_equal(values[:, : alone.shape[1]], alone)
        assert np.array_equal(values[:, -lower_right.shape[1] :], lower_right)


@pytest.mark.parametrize("name", GLOBAL)
def test_descriptors_of_images_that_are_not_square(name: str, noise: np.ndarray) -> None:
    options: dict[str, Any] = {"pyramid": [1, 2]}
    if name == "HOG":
        options["cell_sizes"] = [8]
    if name == "Granulometry":
        options["radii"] = [1, 2, 4]
    wide = np.ascontiguousarray(noise[:, :40])
    made = handcrafted_descriptors(name, (40, SIZE), Network(**options))
    values = made.describe(wide)
    (step,) = architecture_outline(name, Network(**options), (40, SIZE))
    assert values.shape == (len(noise), *made.shape) == (len(noise), step.channels)
    # The last part of the pyramid is the lower right one.
    alone = {**options, "pyramid": [1]}
    part = handcrafted_descriptors(name, (20, SIZE // 2), Network(**alone))
    lower_right = part.describe(wide[:, 20:, SIZE // 2 :])
    assert np.array_equal(values[:, -lower_right.shape[1] :], lower_right)


def test_hog_is_that_of_scikit_image_at_each_scale(noise: np.ndarray) -> None:
    values = describe("HOG", noise, cell_sizes=[8, 16], orientations=6)
    gray = cv2.cvtColor(noise[0], cv2.COLOR_RGB2GRAY)
    wanted = [hog(gray, 6, (cell, cell), (2, 2), block_norm="L2-Hys") for cell in (8, 16)]
    assert values[0] == pytest.approx(np.concatenate(wanted), abs=1e-6)


def test_hog_tells_directions_apart() -> None:
    upright, lying = (describe("HOG", stripes(8, way), orientations=2) for way in (True, False))
    # Gradients across upright stripes are horizontal.
    assert upright.reshape(-1, 2).sum(axis=0).argmax() != lying.reshape(-1, 2).sum(axis=0).argmax()


def test_lbp_is_a_share_of_patterns_and_free_of_brightness(noise: np.ndarray) -> None:
    values = describe("LBP", noise, radii=[1, 3])
    assert values.reshape(3, 2, 10).sum(axis=2) == pytest.approx(np.ones((3, 2)))
    darker = (noise[..., :1] // 2).repeat(3, -1)
    doubled = (darker * 2).astype(np.uint8)
    assert describe("LBP", doubled) == pytest.approx(describe("LBP", darker), abs=0.01)


def test_cooccurrence_measures_are_those_of_the_matrix() -> None:
    # Neighbors at distance 1 differ in every second column: half of the pairs along the rows.
    mean = describe("Cooccurrence", stripes(1), distances=[2], levels=2)[0]
    contrast, dissimilarity, homogeneity, energy, correlation = mean[:5]
    # At distance 2 the stripes repeat in all directions that skip a whole period.
    assert contrast == dissimilarity and 0 <= contrast < 0.6
    assert homogeneity == pytest.approx(1 - contrast / 2)
    one_color = np.full((1, SIZE, SIZE, 3), 90, np.uint8)
    flat = describe("Cooccurrence", one_color, distances=[1], levels=8)[0]
    assert flat[:5].tolist() == [0, 0, 1, 1, 1]
    assert 0 < energy <= 1 and -1 <= correlation <= 1


@pytest.mark.parametrize("space", ["rgb", "hsv", "lab"])
def test_color_histogram_counts_colors(space: str) -> None:
    image = np.zeros((1, 8, 8, 3), np.uint8)
    image[0, :, :2] = (255, 0, 0)
    (values,) = describe("ColorHistogram", image, color_space=space, bins=4)
    assert sorted(values[values > 0].tolist()) == [0.25, 0.75]
    if space == "rgb":
        assert values[3 * 16] == 0.25


def test_granulometry_finds_the_size_of_structures() -> None:
    image = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    cv2.circle(image[0], (32, 32), 6, (255, 255, 255), -1)
    (bright,) = describe("Granulometry", image, radii=[2, 4, 8, 10])
    # The disk of radius 6 is gone with the opening by one of radius 8, and nothing dark is.
    assert bright[:4].argmax() == 2
    assert bright[2] > 0.8
    assert describe("Granulometry", 255 - image, radii=[2, 4, 8, 10])[0, 4:].argmax() == 2
