"""RandAugment: its operations, their strengths, and that each image has its own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from scenery.config.settings import Augment
from scenery.training.augmentation import build_augmentation, reseed
from scenery.training.rand_augment import OPERATIONS, rand_augmented

PIXELS = np.random.default_rng(3).integers(40, 200, (16, 24, 3)).astype("uint8")
PHOTOGRAPH = Image.fromarray(PIXELS)
# Numbers of the operations, whose results are those of Pillow.
AUTO_CONTRAST, EQUALIZE, SOLARIZE, COLOR, POSTERIZE, CONTRAST, BRIGHTNESS = 1, 2, 4, 5, 6, 7, 8
SHARPNESS = 9


def operated(number: int, strength: float, image: np.ndarray = PIXELS) -> np.ndarray:
    changed = OPERATIONS[number](tf.constant(image[None], tf.float32), tf.constant(strength))
    return np.clip(changed, 0, 255)[0]


@pytest.mark.parametrize(
    ("number", "strength", "expected"),
    [
        (0, 1.0, PHOTOGRAPH),
        (AUTO_CONTRAST, 1.0, ImageOps.autocontrast(PHOTOGRAPH)),
        (SOLARIZE, 0.5, ImageOps.solarize(PHOTOGRAPH, 128)),
        (COLOR, -0.5, ImageEnhance.Color(PHOTOGRAPH).enhance(0.55)),
        (COLOR, 0.5, ImageEnhance.Color(PHOTOGRAPH).enhance(1.45)),
        (POSTERIZE, 0.5, ImageOps.posterize(PHOTOGRAPH, 6)),
        (POSTERIZE, 1.0, ImageOps.posterize(PHOTOGRAPH, 4)),
        (CONTRAST, 0.5, ImageEnhance.Contrast(PHOTOGRAPH).enhance(1.45)),
        (BRIGHTNESS, -1.0, ImageEnhance.Brightness(PHOTOGRAPH).enhance(0.1)),
        (SHARPNESS, -0.5, ImageEnhance.Sharpness(PHOTOGRAPH).enhance(0.55)),
    ],
)
def test_operation_changes_colors_as_pillow_does(
    number: int, strength: float, expected: Image.Image
) -> None:
    # Pillow rounds, and leaves the border of what it smooths.
    found, wanted = operated(number, strength), np.asarray(expected, float)
    inside = np.s_[1:-1, 1:-1] if number == SHARPNESS else np.s_[:]
    np.testing.assert_allclose(found[inside], wanted[inside], atol=2)


def test_equalize_uses_the_whole_range() -> None:
    found = operated(EQUALIZE, 1.0)
    assert found.min() < 10
    assert found.max() > 245


@pytest.mark.parametrize("number", range(len(OPERATIONS)))
def test_strength_of_zero_leaves_an_image_and_one_value_stays(number: int) -> None:
    if number not in (AUTO_CONTRAST, EQUALIZE, SOLARIZE):
        np.testing.assert_allclose(operated(number, 0.0), PIXELS, atol=1e-3)
    plain = operated(number, 0.5, np.full((8, 8, 3), 90, "uint8"))
    assert np.isfinite(plain).all()
    assert np.ptp(plain) < 1e-3


def test_movements_go_the_way_and_as_far_as_they_say() -> None:
    image = np.zeros((41, 41, 3), "uint8")
    image[18:23, 18:23] = 200
    places = np.arange(41)

    def center(number: int, strength: float) -> tuple[float, float]:
        found = operated(number, strength, image)[..., 0]
        return (found.sum(1) * places).sum() / found.sum(), (
            found.sum(0) * places
        ).sum() / found.sum()

    for strength in (0.5, -0.5):
        distance = -0.45 * strength * 41
        assert center(12, strength) == pytest.approx((20, 20 + distance), abs=0.1)
        assert center(13, strength) == pytest.approx((20 + distance, 20), abs=0.1)
    line = np.zeros((41, 41, 3), "uint8")
    line[:, 20] = 200
    top, bottom = operated(10, 1.0, line)[[5, 35], :, 0].argmax(axis=1)
    assert abs(top - bottom) == pytest.approx(0.3 * 30, abs=1)
    sideways = operated(11, 1.0, line.transpose(1, 0, 2))[:, [5, 35], 0].argmax(axis=0)
    assert abs(np.diff(sideways)[0]) == pytest.approx(0.3 * 30, abs=1)
    # A turn by 30 degrees moves the ends of a line by its half times the tangent.
    top, bottom = operated(3, 1.0, line)[[5, 35], :, 0].argmax(axis=1)
    assert abs(top - bottom) == pytest.approx(30 * np.tan(np.radians(30)), abs=1)


def test_images_of_a_batch_have_operations_of_their_own() -> None:
    batch = np.repeat(PIXELS[None].astype("float32"), 60, axis=0)
    for count, least in ((1, 15), (2, 40)):
        found = rand_augmented(batch, 0.5, count, keras.random.SeedGenerator(1)).numpy()
        assert found.shape == batch.shape
        assert len(np.unique(found.round(2), axis=0)) > least
        assert found.min() >= 0
        assert found.max() <= 255


def test_samples_depend_on_the_seed_and_the_epoch_alone() -> None:
    layer = build_augmentation(Augment(rand_augment=0.5, random_erasing=0.5), 1)
    assert layer is not None
    step = tf.function(lambda images: layer(images, training=True))
    batch = np.repeat(PIXELS[None].astype("float32"), 8, axis=0)

    def epoch(seed: int, number: int) -> np.ndarray:
        reseed(layer, seed, number)
        return np.stack([step(batch).numpy() for _ in range(2)])

    third = epoch(0, 3)
    assert not np.array_equal(third[0], third[1])
    assert not np.array_equal(epoch(0, 4), third)
    assert not np.array_equal(epoch(1, 3), third)
    assert np.array_equal(epoch(0, 3), third)
    assert np.array_equal(layer(batch, training=False), batch)
