"""Networks that average their predictions over views of an image."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from scenery.config.head import Head
from scenery.config.settings import Settings
from scenery.data.packed_images import PackedImages
from scenery.inference.explanation import split_model
from scenery.inference.exported import with_features
from scenery.inference.final_model import load_final, predict
from scenery.inference.formats import write_format
from scenery.models.heads import build_head
from scenery.models.prediction_views import average_over_views, averages_views
from scenery.training.fine_tuning import FineTuningTrainer, assemble

SIZE = 16
PIXELS = np.random.default_rng(1).integers(0, 255, (5, SIZE, SIZE, 3)).astype(np.uint8)
IMAGES = PackedImages(
    (PIXELS,), np.zeros(5, np.int64), np.arange(5), np.array([0, 1, 2, 0, 1]), ("",) * 5
)


@pytest.fixture(scope="module")
def parts() -> tuple[keras.Model, keras.Model]:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(keras.layers.Rescaling(1 / 255)(inputs))
    # Without pooling, it matters where things are.
    backbone = keras.Model(inputs, x, name="small")
    head = Head(pooling="flatten", kernel_initializer="glorot_normal", standardize=False)
    return backbone, build_head(backbone.output.shape[1:], 3, head)


def expected(model: keras.Model, views: list[np.ndarray]) -> np.ndarray:
    return np.mean([np.asarray(model(view.astype("float32"))) for view in views], axis=0)


def crop(pixels: np.ndarray, top: int, left: int) -> np.ndarray:
    part = pixels[:, top : top + 14, left : left + 14].astype("float32")
    return np.asarray(keras.ops.image.resize(part, (SIZE, SIZE), interpolation="bilinear"))


def test_flip_is_the_mean_with_the_mirror_image(parts: tuple[keras.Model, keras.Model]) -> None:
    plain, flip = assemble(*parts), assemble(*parts, "flip")
    found = predict(flip, IMAGES)
    np.testing.assert_allclose(found, expected(plain, [PIXELS, PIXELS[:, :, ::-1]]), atol=1e-6)
    assert np.abs(found - predict(plain, IMAGES)).max() > 1e-3
    assert flip.count_params() == plain.count_params()
    mirrored = np.asarray(flip(PIXELS[:, :, ::-1].astype("float32")))
    np.testing.assert_allclose(mirrored, found, atol=1e-6)
    assert averages_views(flip)
    assert not averages_views(plain)


def test_ten_crops_are_corners_and_center_with_their_mirror_images(
    parts: tuple[keras.Model, keras.Model],
) -> None:
    crops = [crop(PIXELS, top, left) for top, left in ((0, 0), (0, 2), (2, 0), (2, 2), (1, 1))]
    views = [view for one in crops for view in (one, one[:, :, ::-1])]
    found = predict(assemble(*parts, "ten_crops"), IMAGES)
    np.testing.assert_allclose(found, expected(assemble(*parts), views), atol=1e-5)


@pytest.mark.parametrize("views", ["flip", "ten_crops"])
def test_saved_model_and_its_onnx_file_average_too(
    views: str, parts: tuple[keras.Model, keras.Model], tmp_path: Path
) -> None:
    model = assemble(*parts, views)
    model.save(tmp_path / "model.keras")
    loaded = load_final(tmp_path / "model.keras")
    assert averages_views(loaded)
    answers = predict(model, IMAGES)
    np.testing.assert_array_equal(predict(loaded, IMAGES), answers)
    check = write_format("onnx", loaded, tmp_path, PIXELS.astype("float32"), answers)
    assert check.problem == ""
    # The parts that explanations and novelty need are those of the image itself.
    assert split_model(loaded).backbone.name == "small"
    probabilities, features = with_features(loaded)(PIXELS.astype("float32"))
    np.testing.assert_allclose(probabilities, answers, atol=1e-6)
    assert features.shape == (5, 14 * 14 * 4)


def test_trainer_validates_with_views_and_trains_without(
    parts: tuple[keras.Model, keras.Model],
) -> None:
    def trained(views: str) -> FineTuningTrainer:
        keras.utils.set_random_seed(3)
        backbone = keras.models.clone_model(parts[0])
        settings = Settings(
            trainable="all", test_time_augmentation=views, head={"pooling": "flatten"}, batch_size=5
        )
        one = FineTuningTrainer(settings, 3, backbone, IMAGES, IMAGES, "t")
        one.train_epoch(0, 0.001)
        return one

    plain, flip = trained("none"), trained("flip")
    for ours, theirs in zip(plain.get_weights(), flip.get_weights(), strict=True):
        assert np.array_equal(ours, theirs)
    views = [PIXELS, PIXELS[:, :, ::-1]]
    np.testing.assert_allclose(flip.predict(IMAGES), expected(plain.model, views), atol=1e-6)
    assert flip.validate() != plain.validate()


def test_ten_crops_of_images_that_are_not_square_keep_their_size() -> None:
    images = keras.Input((16, 32, 3))
    shapes = []

    def predict(view: Any) -> Any:
        shapes.append(view.shape)
        return keras.layers.GlobalAveragePooling2D()(view)

    model = keras.Model(images, average_over_views(predict, images, "ten_crops"))
    assert shapes == 10 * [(None, 16, 32, 3)]
    # Columns from 0 to 31: the mean over crops and mirror images is that of the image.
    ramp = np.broadcast_to(np.arange(32.0)[:, None], (1, 16, 32, 3))
    np.testing.assert_allclose(model(ramp), [[15.5] * 3], atol=1e-3)
