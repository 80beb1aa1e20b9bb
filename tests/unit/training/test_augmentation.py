"""What each augmentation does to a picture that looks different from every side."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from scenery.config.settings import Augment
from scenery.training.augmentation import RandomAffine, build_augmentation, reseed

SIZE = 64


def picture() -> np.ndarray:
    """A bright block right of and above the middle, on dark ground that is not symmetric."""
    image = np.full((SIZE, SIZE, 3), 20.0, "float32")
    image[12:28, 36:44] = 200.0
    return image


def rendered(count: int = 64, seed: int = 1, image: np.ndarray | None = None, **on: Any) -> Any:
    """`count` renderings of a picture, shape (count, SIZE, SIZE)."""
    augmentation = build_augmentation(Augment(**on), seed)
    assert augmentation is not None
    batch = np.repeat((picture() if image is None else image)[None], count, axis=0)
    out = augmentation(batch, training=True).numpy()
    assert out.shape == batch.shape
    assert out.min() >= 0
    assert out.max() <= 255
    return out[..., 0]


def centres(images: np.ndarray, ground: float = 20.0) -> tuple[np.ndarray, np.ndarray]:
    """Row and column of the block's centre in each image."""
    bright = np.clip(images - ground, 0, None)
    total = bright.sum(axis=(1, 2))
    places = np.arange(SIZE)
    rows = (bright.sum(axis=2) * places).sum(axis=1) / total
    return rows, (bright.sum(axis=1) * places).sum(axis=1) / total


def test_off_is_nothing() -> None:
    assert build_augmentation(Augment(), 1) is None
    assert build_augmentation(Augment(fill_mode="wrap"), 1) is None


def test_nothing_changes_outside_training() -> None:
    every = {"rotation": 20, "width_shift": 0.1, "height_shift": 0.1, "shear": 0.1, "zoom": 0.1}
    augmentation = build_augmentation(
        Augment(**every, horizontal_flip=True, vertical_flip=True, brightness=0.2), 1
    )
    assert augmentation is not None
    assert len(augmentation.layers) == 4
    batch = picture()[None]
    assert np.array_equal(augmentation(batch, training=False).numpy(), batch)
    assert not np.array_equal(augmentation(batch, training=True).numpy(), batch)


@pytest.mark.parametrize(
    ("option", "mirror"),
    [("horizontal_flip", np.s_[:, ::-1]), ("vertical_flip", np.s_[::-1, :])],
)
def test_a_flip_mirrors_half_of_the_images(option: str, mirror: Any) -> None:
    plain = picture()[..., 0]
    images = rendered(200, **{option: True})
    mirrored = np.array([np.array_equal(image, plain[mirror]) for image in images])
    untouched = np.array([np.array_equal(image, plain) for image in images])
    assert np.all(mirrored ^ untouched)
    assert 60 < mirrored.sum() < 140


def test_both_flips_are_drawn_apart() -> None:
    images = rendered(200, horizontal_flip=True, vertical_flip=True)
    assert len(np.unique(images.round().astype(int), axis=0)) == 4


def test_width_shift_moves_sideways_by_up_to_that_share() -> None:
    rows, columns = centres(rendered(width_shift=0.25, fill_mode="nearest"))
    np.testing.assert_allclose(rows, 19.5, atol=0.1)
    moved = columns - 39.5
    assert moved.min() < -10
    assert moved.max() > 10
    assert np.abs(moved).max() <= 16.1


def test_height_shift_moves_up_and_down() -> None:
    rows, columns = centres(rendered(height_shift=0.15, fill_mode="nearest"))
    np.testing.assert_allclose(columns, 39.5, atol=0.1)
    moved = rows - 19.5
    assert moved.min() < -6
    assert moved.max() > 6
    assert np.abs(moved).max() <= 9.7


def test_rotation_is_in_degrees_to_both_sides() -> None:
    rows, columns = centres(rendered(200, rotation=30, fill_mode="nearest"))
    # Around the middle of the picture, counted anticlockwise from the right.
    middle = (SIZE - 1) / 2
    angles = np.degrees(np.arctan2(middle - rows, columns - middle))
    turned = angles - np.degrees(np.arctan2(middle - 19.5, 39.5 - middle))
    assert turned.min() < -25
    assert turned.max() > 25
    assert np.abs(turned).max() < 30.5
    assert np.hypot(rows - middle, columns - middle).std() < 0.5


def test_shear_moves_rows_sideways_against_each_other() -> None:
    line = np.zeros((SIZE, SIZE, 3), "float32")
    line[:, 31:33] = 200
    images = rendered(100, image=line, shear=0.3, fill_mode="constant")
    top, bottom = images[:, 0].argmax(axis=1), images[:, -1].argmax(axis=1)
    lean = bottom - top
    assert lean.min() < -14
    assert lean.max() > 14
    assert np.abs(lean).max() <= 0.3 * SIZE + 1


def test_zoom_goes_in_and_out_and_keeps_the_shape() -> None:
    block = np.zeros((SIZE, SIZE, 3), "float32")
    block[24:40, 24:40] = 200
    images = rendered(100, image=block, zoom=0.3, fill_mode="constant")
    height = (images[:, :, 32] > 100).sum(axis=1)
    width = (images[:, 32, :] > 100).sum(axis=1)
    assert np.abs(height - width).max() <= 1
    assert width.min() < 14
    assert width.max() > 19


def test_all_movements_together_are_one_after_the_other() -> None:
    on = {"rotation": 25, "width_shift": 0.2, "height_shift": 0.1, "shear": 0.2, "zoom": 0.2}

    def matrices(**on: Any) -> np.ndarray:
        layer = RandomAffine(Augment(**on), seed=3)
        rows = np.asarray(layer._transforms(10, SIZE, SIZE + 9))
        return np.concatenate([rows, np.ones((10, 1))], axis=1).reshape(10, 3, 3)

    # Each draws alone what it draws among the others.
    rotation, right, down, shear, zoom = (matrices(**{name: most}) for name, most in on.items())
    # What was done last is undone first, on the way to the place in the old image.
    expected = rotation @ right @ down @ shear @ zoom
    np.testing.assert_allclose(matrices(**on), expected, rtol=1e-4, atol=1e-4)
    assert np.abs(expected - np.eye(3)).max(axis=(1, 2)).min() > 0.1


def test_range_is_the_lowest_and_the_highest_value() -> None:
    _, columns = centres(rendered(width_shift=[0.1, 0.2], fill_mode="nearest"))
    assert (columns - 39.5).min() > 6
    assert (columns - 39.5).max() < 13
    layer = RandomAffine(Augment(zoom=[0.5, 0.7], rotation=[10, 10]), seed=1)
    rows = np.asarray(layer._transforms(20, SIZE, SIZE))
    zoom = np.hypot(rows[:, 0], rows[:, 3])
    assert 0.5 <= zoom.min() < zoom.max() <= 0.7
    np.testing.assert_allclose(np.degrees(np.arctan2(rows[:, 3], rows[:, 0])), 10, atol=1e-3)


def test_zoom_of_one_side_leaves_the_other() -> None:
    layer = RandomAffine(Augment(zoom_width=[0.5, 0.5]), seed=1)
    rows = np.asarray(layer._transforms(3, SIZE, SIZE))
    np.testing.assert_allclose(rows[:, [0, 1, 3, 4]], [[0.5, 0, 0, 1]] * 3, atol=1e-6)


def test_range_in_the_wrong_order_is_refused() -> None:
    with pytest.raises(ValidationError, match="must not be above the second"):
        Augment(zoom=[1.2, 0.8])


def colored(**on: Any) -> np.ndarray:
    """200 renderings of a plain reddish picture, shape (200, 3)."""
    augmentation = build_augmentation(Augment(**on), 1)
    assert augmentation is not None
    batch = np.full((200, 8, 8, 3), (150.0, 100.0, 90.0), "float32")
    return np.asarray(augmentation(batch, training=True))[:, 0, 0]


def test_saturation_goes_from_gray_to_double() -> None:
    values = colored(saturation=0.9)
    spread = np.ptp(values, axis=1)
    assert spread.min() < 15
    assert spread.max() > 100
    np.testing.assert_allclose(values @ (0.299, 0.587, 0.114), 113.8, atol=0.1)
    gray = colored(saturation=[0, 0])
    assert np.ptp(gray, axis=1).max() < 1e-3


def test_hue_keeps_the_largest_value() -> None:
    values = colored(hue=0.5)
    np.testing.assert_allclose(values.max(axis=1), 150, atol=1)
    assert len({int(row.argmax()) for row in values}) > 1


def test_channel_shift_changes_each_channel_alone() -> None:
    change = colored(channel_shift=0.1) - (150.0, 100.0, 90.0)
    assert np.abs(change).max() <= 25.5 + 1e-3
    assert np.abs(change).max() > 20
    assert abs(np.corrcoef(change[:, 0], change[:, 1])[0, 1]) < 0.3


def test_contrast_spreads_values_around_their_mean() -> None:
    image = np.random.default_rng(0).uniform(100, 150, (SIZE, SIZE, 3)).astype("float32")
    for value, low, high in ((0.5, 0.5, 1.5), ([0.4, 1.1], 0.4, 1.1)):
        images = rendered(100, image=image, contrast=value)
        spread = images.std(axis=(1, 2)) / image[..., 0].std()
        assert low - 1e-3 <= spread.min() < low + 0.1
        assert high - 0.1 < spread.max() <= high + 1e-3
        np.testing.assert_allclose(images.mean(axis=(1, 2)), image[..., 0].mean(), rtol=1e-4)


def test_equalize_flattens_the_histograms_of_some_images() -> None:
    dark = np.random.default_rng(0).uniform(0, 80, (SIZE, SIZE, 3)).round().astype("float32")
    images = rendered(60, image=dark, equalize=0.5)
    bright = images.max(axis=(1, 2)) > 200
    assert 15 < bright.sum() < 45
    np.testing.assert_array_equal(images[~bright][0], dark[..., 0])


def test_random_erasing_replaces_a_box_of_some_images() -> None:
    images = rendered(200, image=np.full((SIZE, SIZE, 3), 99, "float32"), random_erasing=0.4)
    changed = images != 99
    shares = changed.mean(axis=(1, 2))
    assert 50 < (shares > 0).sum() < 110
    assert shares.max() <= 0.35
    one = changed[shares.argmax()]
    rows, columns = np.flatnonzero(one.any(axis=1)), np.flatnonzero(one.any(axis=0))
    assert one[np.ix_(rows, columns)].mean() > 0.95
    assert len(rows) == np.ptp(rows) + 1
    assert rendered(20, random_erasing=1).std(axis=0).max() > 0


def test_brightness_is_a_share_of_the_full_range() -> None:
    change = rendered(200, image=np.full((SIZE, SIZE, 3), 128, "float32"), brightness=0.3) - 128
    assert np.ptp(change, axis=(1, 2)).max() < 1e-3
    assert change.min() < -60
    assert change.max() > 60
    assert np.abs(change).max() <= 0.3 * 255 + 0.1
    # Values never leave the range.
    white = rendered(50, image=np.full((SIZE, SIZE, 3), 250, "float32"), brightness=0.3)
    assert white.max() == 255


def test_fill_modes_show_what_they_say() -> None:
    # Four bands of columns; the shift is the same one for every mode, by its seed.
    image = np.repeat(np.array([40, 80, 120, 160], "float32"), SIZE // 4)
    image = np.broadcast_to(image[None, :, None], (SIZE, SIZE, 3)).copy()
    shown = {
        fill: rendered(32, image=image, width_shift=0.2, fill_mode=fill)
        for fill in ("nearest", "constant", "reflect", "wrap")
    }
    to_the_right = shown["constant"][:, 5, 0] == 0
    first = {fill: images[to_the_right][:, 5, 0] for fill, images in shown.items()}
    assert len(first["wrap"]) > 5
    assert np.all(first["nearest"] == 40)
    assert np.all(first["reflect"] == 40)
    assert np.all(first["wrap"] == 160)


def test_images_of_a_batch_are_changed_apart() -> None:
    assert len(np.unique(rendered(20, rotation=20).round(3), axis=0)) == 20


def test_seeds_give_other_draws_and_the_same_seed_the_same() -> None:
    first, again, other = (rendered(8, seed=seed, rotation=20) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_draws_depend_on_seed_and_epoch_alone_without_retracing() -> None:
    augmentation = build_augmentation(Augment(rotation=20, zoom=0.2, horizontal_flip=True), 1)
    assert augmentation is not None
    batch = np.repeat(picture()[None], 4, axis=0)
    step = tf.function(lambda images: augmentation(images, training=True))

    def epoch(seed: int, number: int) -> np.ndarray:
        reseed(augmentation, seed, number)
        return np.stack([step(batch).numpy() for _ in range(3)])

    third = epoch(1, 3)
    assert not np.array_equal(third[0], third[1])
    assert not np.array_equal(epoch(1, 4), third)
    assert not np.array_equal(epoch(2, 3), third)
    assert not np.array_equal(epoch(0, 3), third)
    assert np.array_equal(epoch(1, 3), third)
    assert step.experimental_get_tracing_count() == 1


def test_layers_draw_apart_from_each_other() -> None:
    # With one state for all, a picture turned far would always be moved far too.
    both = build_augmentation(Augment(horizontal_flip=True, vertical_flip=True), 1)
    assert both is not None
    states = [variable.numpy() for variable in both.variables]
    assert len(states) == 2
    assert not np.array_equal(states[0], states[1])


def test_dropout_inside_a_model_is_reseeded_too() -> None:
    inputs = keras.Input((50,))
    inner = keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.5)])
    model = keras.Model(inputs, inner(inputs))
    values = np.ones((2, 50), "float32")

    def drawn(seed: int, epoch: int) -> np.ndarray:
        reseed(model, seed, epoch)
        return model(values, training=True).numpy()

    assert np.array_equal(drawn(1, 0), drawn(1, 0))
    assert not np.array_equal(drawn(1, 0), drawn(1, 1))
