"""Batch norm and dropout inside a network that runs as in inference."""

from pathlib import Path

import keras
import numpy as np
import pytest

from scenery.models.backbones import build_backbone
from scenery.models.inference_mode import InferenceMode


def with_head(backbone: keras.Model, inference_mode: bool) -> keras.Model:
    inputs = keras.Input(backbone.input.shape[1:])
    maps = InferenceMode(backbone)(inputs) if inference_mode else backbone(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.Model(inputs, keras.layers.Dense(2, name="classes")(pooled))


def images(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (count, 32, 32, 3)).astype("float32")


@pytest.mark.parametrize("inference_mode", [True, False])
def test_statistics_stay_while_scale_and_shift_learn(inference_mode: bool) -> None:
    keras.utils.set_random_seed(0)
    backbone = build_backbone("MobileNet", 32, "conv_pw_2_relu")
    model = with_head(backbone, inference_mode)
    norm = backbone.get_layer("conv_pw_2_bn")
    before = norm.get_weights()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(images(8), np.eye(2)[[0, 1] * 4], epochs=2, verbose=0)
    gamma, beta, mean, variance = (
        np.array_equal(new, old) for new, old in zip(norm.get_weights(), before, strict=True)
    )
    assert not gamma
    assert not beta
    assert mean == variance == inference_mode


def test_it_gives_what_the_network_gives_in_inference() -> None:
    # EfficientNet drops whole branches at random in training.
    backbone = build_backbone("EfficientNetB2", 32, "block2b_add")
    expected = backbone(images(4), training=False).numpy()
    assert np.array_equal(InferenceMode(backbone)(images(4), training=True).numpy(), expected)
    assert not np.allclose(backbone(images(4), training=True).numpy(), expected)


def test_weights_are_those_of_the_network(tmp_path: Path) -> None:
    backbone = build_backbone("MobileNet", 32, "conv_pw_1_relu")
    trainer = with_head(backbone, inference_mode=True)
    assert InferenceMode(backbone)(keras.Input((32, 32, 3))).shape == (None, 16, 16, 64)
    assert len(trainer.trainable_variables) == len(backbone.trainable_variables) + 2
    # The state of an unfinished training can be kept and put back.
    path = tmp_path / "state.weights.h5"
    trainer.save_weights(path)
    kept = backbone.get_weights()
    backbone.set_weights([weight + 1 for weight in kept])
    trainer.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(backbone.get_weights(), kept, strict=True))
