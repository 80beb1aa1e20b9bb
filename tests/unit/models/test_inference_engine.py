"""The forward pass by OpenVINO: the same numbers, and TensorFlow's wherever it cannot be used."""

import logging

import keras
import numpy as np
import pytest

from scenery.models import inference_engine
from scenery.models.inference_engine import MIN_PIXELS, TENSORFLOW, Forward

SIZE = 32
MANY = MIN_PIXELS // SIZE**2 + 1


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A network with two outputs, as one that gives answers and features."""
    keras.utils.set_random_seed(0)
    images = keras.Input((SIZE, SIZE, 3))
    values = keras.layers.Rescaling(1 / 255)(images)
    values = keras.layers.Conv2D(8, 3, strides=2, activation="relu6")(values)
    values = keras.layers.SeparableConv2D(8, 3)(values)
    values = keras.layers.BatchNormalization()(values)
    values = keras.layers.GlobalAveragePooling2D()(values)
    return keras.Model(images, [keras.layers.Dense(3, activation="softmax")(values), values])


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, SIZE, SIZE, 3), dtype=np.uint8)


def plain(network: keras.Model, pixels: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(one) for one in network(pixels.astype(np.float32), training=False)]


def messages_of_scenery(caplog: pytest.LogCaptureFixture) -> list[str]:
    """TensorFlow's own warnings, as of a function traced again by a later test, are left out."""
    return [record.getMessage() for record in caplog.records if record.name == "scenery"]


def test_openvino_computes_many_images_as_tensorflow_does(
    network: keras.Model, pixels: np.ndarray
) -> None:
    forward = Forward(network, MANY)
    first, last = forward(pixels), forward(pixels[:2])
    assert forward.engine.startswith("OpenVINO 20")
    for found, expected in zip(first, plain(network, pixels), strict=True):
        assert np.abs(found - expected).max() < 1e-5
    # A later call leaves the answers of an earlier one alone.
    assert last[1].shape == (2, 8)
    assert np.abs(first[1][:2] - last[1]).max() < 1e-6


def test_one_output_is_an_array(network: keras.Model, pixels: np.ndarray) -> None:
    one = keras.Model(network.input, network.outputs[1])
    forward = Forward(one, MANY)
    assert forward(pixels).shape == (7, 8)
    assert forward.engine != TENSORFLOW


def test_augmented_images_are_those_that_tensorflow_makes(
    network: keras.Model, pixels: np.ndarray
) -> None:
    halved = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Rescaling(0.5)])
    forward = Forward(network, MANY, halved)
    found = forward(pixels)
    assert forward.engine != TENSORFLOW
    assert np.abs(found[1] - plain(network, pixels)[1]).max() > 1e-3
    images = pixels.astype(np.float32) / 2
    expected = network(images, training=False)
    assert np.abs(found[1] - np.asarray(expected[1])).max() < 1e-5


def test_few_images_do_not_repay_its_start(network: keras.Model, pixels: np.ndarray) -> None:
    forward = Forward(network, MANY - 2)
    assert np.asarray(forward(pixels)[1]) == pytest.approx(plain(network, pixels)[1], abs=1e-6)
    assert forward.engine == TENSORFLOW


def test_without_the_package_tensorflow_runs(
    network: keras.Model, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference_engine.util, "find_spec", lambda name: None)
    forward = Forward(network, MANY)
    forward(pixels)
    assert forward.engine == TENSORFLOW


def test_where_both_differ_tensorflow_runs_and_it_is_said(
    network: keras.Model,
    pixels: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    compiled = inference_engine.compile_for_openvino(network)

    def wrong(images: np.ndarray) -> list[np.ndarray]:
        answers, values = compiled(images)
        return [answers, values + 0.01]

    monkeypatch.setattr(inference_engine, "compile_for_openvino", lambda network: wrong)
    forward = Forward(network, MANY)
    with caplog.at_level(logging.WARNING):
        found = [forward(pixels) for _ in range(2)]
    assert np.asarray(found[1][1]) == pytest.approx(plain(network, pixels)[1], abs=1e-6)
    assert forward.engine == TENSORFLOW
    assert messages_of_scenery(caplog) == [
        "OpenVINO and TensorFlow differ by 1.0e-02 on the first images; TensorFlow is used"
    ]


def test_where_it_fails_tensorflow_runs_and_the_reason_is_said(
    network: keras.Model,
    pixels: np.ndarray,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(network: keras.Model) -> None:
        raise RuntimeError("no such\noperation")

    monkeypatch.setattr(inference_engine, "compile_for_openvino", fail)
    forward = Forward(network, MANY)
    with caplog.at_level(logging.WARNING):
        forward(pixels)
    assert forward.engine == TENSORFLOW
    [message] = messages_of_scenery(caplog)
    assert "OpenVINO cannot run this network (no such operation)" in message
