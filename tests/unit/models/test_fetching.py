"""Fetching ImageNet weights through Keras, from a server on this machine."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import small_vgg
from keras.src.applications import efficientnet, mobilenet, vgg16
from keras.src.backend import config
from keras.src.legacy.saving import legacy_h5_format

from scenery.errors import UserError
from scenery.models.backbones import BACKBONES, build_backbone
from scenery.models.weights import fetch_imagenet, load_weights
from scenery.registry.custom_architectures import Network


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder; a file named in `cut_short` breaks off in the middle."""

    cut_short: set[str] = set()  # noqa: RUF012

    def log_message(self, *_: object) -> None:
        pass

    def copyfile(self, source, outputfile) -> None:  # type: ignore[no-untyped-def]
        content = source.read()
        if Path(self.path).name in self.cut_short:
            content = content[: len(content) // 2]
        outputfile.write(content)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files Keras downloads instead of the official ones."""
    folder, cache = tmp_path / "served", tmp_path / "cache"
    folder.mkdir()
    cache.mkdir()
    monkeypatch.setattr(QuietHandler, "cut_short", set())
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{running.server_address[1]}/"
        monkeypatch.setattr(mobilenet, "BASE_WEIGHT_PATH", address)
        monkeypatch.setattr(efficientnet, "BASE_WEIGHTS_PATH", address)
        monkeypatch.setattr(vgg16, "WEIGHTS_PATH", f"{address}vgg16_top.h5")
        monkeypatch.setattr(config, "_KERAS_DIR", str(cache))
        monkeypatch.setenv("KERAS_HOME", str(cache))
        try:
            yield folder
        finally:
            running.shutdown()
            thread.join()


def publish(network: keras.Model, path: Path) -> None:
    """Write weights as the official files are."""
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)


MOBILENET_FILE = "mobilenet_1_0_224_tf_no_top.h5"


@pytest.fixture
def two_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """EfficientNets of two of their seven kinds of blocks."""
    few = efficientnet.DEFAULT_BLOCKS_ARGS[:2]
    monkeypatch.setattr(efficientnet, "DEFAULT_BLOCKS_ARGS", few)


def some_images(size: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (2, size, size, 3)).astype("float32")


@pytest.fixture(scope="module")
def mobilenet_model() -> keras.Model:
    return keras.applications.MobileNet(include_top=False, weights=None, input_shape=(224, 224, 3))


def test_fetched_weights_are_those_served(
    server: Path, mobilenet_model: keras.Model, tmp_path: Path
) -> None:
    publish(mobilenet_model, server / MOBILENET_FILE)
    path = tmp_path / "results" / "weights" / "MobileNet.weights.h5"
    fetch_imagenet("MobileNet", path)
    network = build_backbone("MobileNet", 224)
    load_weights(network, path)
    images = some_images(224)
    expected = np.asarray(
        mobilenet_model(keras.applications.mobilenet.preprocess_input(images.copy()))
    )
    np.testing.assert_allclose(np.asarray(network(images)), expected, rtol=1e-3, atol=1e-4)
    # The official file itself does too.
    load_weights(build_backbone("MobileNet", 64, "conv_pw_5_relu"), server / MOBILENET_FILE)


def test_efficientnet_scales_as_with_imagenet_weights(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two_blocks: None
) -> None:
    # Keras builds another network with weights="imagenet" than without: a scaling layer more,
    # and the mean and variance of ImageNet come from the file.
    source = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(64, 64, 3)
    )
    scaling = next(x for x in source.layers if isinstance(x, keras.layers.Normalization))
    scaling.set_weights(
        [
            np.array([0.485, 0.456, 0.406], "float32"),
            np.array([0.229, 0.224, 0.225], "float32"),
            np.array(0),
        ]
    )
    file = server / "efficientnetb0_notop.h5"
    publish(source, file)
    digest = hashlib.md5(file.read_bytes()).hexdigest()
    monkeypatch.setitem(efficientnet.WEIGHTS_HASHES, "b0", ("", digest))
    keras_own = keras.applications.EfficientNetB0(include_top=False, input_shape=(64, 64, 3))
    path = tmp_path / "EfficientNetB0.weights.h5"
    fetch_imagenet("EfficientNetB0", path)
    expected = np.asarray(keras_own(some_images(64)))
    assert expected.std() > 0
    for weights in (path, file):
        network = build_backbone("EfficientNetB0", 64)
        load_weights(network, weights)
        found = np.asarray(network(some_images(64)))
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_fetched_weights_with_the_top_have_the_dense_layers(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = replace(
        BACKBONES["VGG16"],
        native_size=small_vgg.SIZE,
        module=small_vgg.__name__,
        dense_layers=small_vgg.DENSE_LAYERS,
    )
    monkeypatch.setitem(BACKBONES, "VGG16", small)
    source = small_vgg.VGG16()
    publish(source, server / "vgg16_top.h5")
    path = tmp_path / "VGG16.weights.h5"
    fetch_imagenet("VGG16", path, top=True)
    with h5py.File(path) as file:
        # The last layer for 1,000 classes is left out.
        assert list(file.attrs["layer_names"]) == ["block1_conv1", "block2_conv1", "fc1", "fc2"]
    network = build_backbone("VGG16", small_vgg.SIZE, "fc2")
    load_weights(network, path)
    expected = source.get_layer("fc2").kernel.numpy()
    assert np.array_equal(network.get_layer("fc2").kernel.numpy(), expected)


def test_no_network(server: Path, tmp_path: Path) -> None:
    path = tmp_path / "MobileNet.weights.h5"
    with pytest.raises(UserError, match=r"404.*where there is network access.*weights: path.*none"):
        fetch_imagenet("MobileNet", path)
    assert not path.exists()


def test_interrupted_download(server: Path, mobilenet_model: keras.Model, tmp_path: Path) -> None:
    publish(mobilenet_model, server / MOBILENET_FILE)
    QuietHandler.cut_short = {MOBILENET_FILE}
    path = tmp_path / "MobileNet.weights.h5"
    with pytest.raises(UserError, match="weights of MobileNet could not be had"):
        fetch_imagenet("MobileNet", path)
    assert not path.exists()
    # Nothing is left that the next try would take for whole.
    QuietHandler.cut_short = set()
    fetch_imagenet("MobileNet", path)
    load_weights(build_backbone("MobileNet", 224), path)


def test_half_a_file_left_by_a_killed_download_is_fetched_anew(
    server: Path, mobilenet_model: keras.Model, tmp_path: Path
) -> None:
    """Keras has no digest for MobileNet, so it takes half a file for whole."""
    publish(mobilenet_model, server / MOBILENET_FILE)
    left = tmp_path / "cache" / "models" / MOBILENET_FILE
    left.parent.mkdir()
    left.write_bytes((server / MOBILENET_FILE).read_bytes()[:5000])
    other = left.with_name("densenet121_half.h5")
    other.write_bytes(b"another job is at it")
    path = tmp_path / "MobileNet.weights.h5"
    fetch_imagenet("MobileNet", path)
    load_weights(build_backbone("MobileNet", 224), path)
    assert left.read_bytes() == (server / MOBILENET_FILE).read_bytes()
    assert other.is_file()


def test_half_a_file_that_cannot_be_fetched_anew_is_not_used(
    server: Path, mobilenet_model: keras.Model, tmp_path: Path
) -> None:
    publish(mobilenet_model, server / MOBILENET_FILE)
    left = tmp_path / "cache" / "models" / MOBILENET_FILE
    left.parent.mkdir()
    left.write_bytes((server / MOBILENET_FILE).read_bytes()[:5000])
    (server / MOBILENET_FILE).unlink()
    path = tmp_path / "MobileNet.weights.h5"
    with pytest.raises(UserError, match=r"weights of MobileNet could not be had .*404"):
        fetch_imagenet("MobileNet", path)
    assert not path.exists()


def test_half_a_file_is_known_by_its_digest(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two_blocks: None
) -> None:
    source = keras.applications.EfficientNetB2(
        include_top=False, weights=None, input_shape=(260, 260, 3)
    )
    file = server / "efficientnetb2_notop.h5"
    publish(source, file)
    digest = hashlib.md5(file.read_bytes()).hexdigest()
    monkeypatch.setitem(efficientnet.WEIGHTS_HASHES, "b2", ("", digest))
    left = tmp_path / "cache" / "models" / file.name
    left.parent.mkdir()
    left.write_bytes(file.read_bytes()[:5000])
    fetch_imagenet("EfficientNetB2", tmp_path / "EfficientNetB2.weights.h5")
    assert left.read_bytes() == file.read_bytes()


def test_wrong_digest(server: Path, tmp_path: Path) -> None:
    with h5py.File(server / "efficientnetb2_notop.h5", "w") as file:
        file["something"] = np.arange(5)
    path = tmp_path / "EfficientNetB2.weights.h5"
    with pytest.raises(UserError, match=r"EfficientNetB2 could not be had .*hash does not match"):
        fetch_imagenet("EfficientNetB2", path)
    assert not path.exists()


def test_networks_without_imagenet_weights_in_keras(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Keras has no ImageNet weights of SqueezeNet"):
        fetch_imagenet("SqueezeNet", tmp_path / "SqueezeNet.weights.h5")


def test_official_xception_file_is_read(
    server: Path, whole: Callable[[str], keras.Model], tmp_path: Path
) -> None:
    # Its residual convolutions have names that Keras numbered.
    keras.layers.Conv2D(1, 1)  # Takes the name without a number.
    source = keras.applications.Xception(include_top=False, weights=None, input_shape=(71, 71, 3))
    assert "conv2d" not in [layer.name for layer in source.layers]
    publish(source, tmp_path / "official.h5")
    network = build_backbone("Xception", 71)
    load_weights(network, tmp_path / "official.h5")
    images = some_images(71)
    expected = np.asarray(source(keras.applications.xception.preprocess_input(images.copy())))
    np.testing.assert_allclose(np.asarray(network(images)), expected, rtol=1e-3, atol=1e-4)


def test_weights_of_a_width_are_those_of_its_own_file(server: Path, tmp_path: Path) -> None:
    quarter = keras.applications.MobileNet(
        alpha=0.25, include_top=False, weights=None, input_shape=(224, 224, 3)
    )
    publish(quarter, server / "mobilenet_2_5_224_tf_no_top.h5")
    fetch_imagenet("MobileNet", tmp_path / "w.h5", options=Network(alpha=0.25))
    network = build_backbone("MobileNet", 64, "conv_pw_5_relu", Network(alpha=0.25))
    load_weights(network, tmp_path / "w.h5")
    kernel = network.get_layer("conv_pw_5").get_weights()[0]
    assert np.array_equal(kernel, quarter.get_layer("conv_pw_5").get_weights()[0])
    with pytest.raises(UserError, match="conv"):
        load_weights(build_backbone("MobileNet", 64), tmp_path / "w.h5")
