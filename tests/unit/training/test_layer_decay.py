"""Learning rates that fall from stage to stage."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from scenery.config.settings import Optimizer, Settings
from scenery.data.packed_images import PackedImages
from scenery.models.truncation import stages
from scenery.training.fine_tuning import FineTuningTrainer
from scenery.training.layer_decay import build_optimizer, stage_scales


def backbone() -> keras.Model:
    """Three stages of one convolution each, the second with batch norm."""
    keras.utils.set_random_seed(1)
    inputs = x = keras.Input((16, 16, 3))
    for number in range(3):
        x = keras.layers.Conv2D(4, 3, strides=2, padding="same", name=f"conv{number}")(x)
        if number == 1:
            x = keras.layers.BatchNormalization(name="norm")(x)
    return keras.Model(inputs, x, name="small")


def images() -> PackedImages:
    labels = np.arange(8) % 2
    pixels = np.random.default_rng(0).integers(0, 255, (8, 16, 16, 3)).astype(np.uint8)
    return PackedImages((pixels,), np.zeros(8, np.int64), np.arange(8), labels, ("",) * 8)


def changes(trainable: str = "all", **optimizer: Any) -> dict[str, np.ndarray]:
    """How much one gradient step changes each layer's kernel or scale."""
    settings = Settings(
        trainable=trainable,
        optimizer={"name": "AdamW", "learning_rate": 0.01, "weight_decay": 0.1, **optimizer},
        batch_size=8,
    )
    one = FineTuningTrainer(settings, 2, backbone(), images(), images(), "t")
    layers = [layer for stage in stages(one.backbone) for layer in stage if layer.weights]
    layers.append(one.head.get_layer("classes"))
    before = {layer.name: layer.weights[0].numpy() for layer in layers}
    one.train_epoch(0, 0.01)
    return {layer.name: layer.weights[0].numpy() - before[layer.name] for layer in layers}


@pytest.mark.parametrize(
    "optimizer", [{}, {"name": "SGD", "momentum": 0.9}, {"name": "RMSprop"}], ids=str
)
def test_update_of_a_stage_is_that_of_a_lower_rate(optimizer: dict[str, Any]) -> None:
    whole, slowed = changes(**optimizer), changes(**optimizer, layer_decay=0.5)
    shares = {"classes": 1, "conv2": 0.5, "norm": 0.25, "conv1": 0.25, "conv0": 0.125}
    assert whole.keys() == shares.keys()
    for name, share in shares.items():
        assert np.abs(whole[name]).max() > 0
        np.testing.assert_allclose(slowed[name], share * whole[name], rtol=2e-3, atol=2e-7)


def test_frozen_stages_stay_as_they_are() -> None:
    slowed = changes("head+1", layer_decay=0.5)
    assert [name for name, change in slowed.items() if not change.any()] == [
        "conv0", "conv1", "norm",
    ]  # fmt: skip


def test_all_weights_of_a_backbone_are_in_a_stage() -> None:
    one = backbone()
    assert stage_scales(one, 0.5).keys() == {id(variable) for variable in one.weights}


def test_loss_scaling_of_mixed_precision_keeps_the_decay() -> None:
    one = backbone()
    optimizer = build_optimizer(Optimizer(name="SGD", layer_decay=0.5).record, one)
    scaled = keras.optimizers.LossScaleOptimizer(optimizer)
    variables = one.trainable_variables
    scaled.build(variables)
    before = [variable.numpy() for variable in variables]
    step = tf.function(
        lambda: scaled.apply([scaled.scale_loss(tf.ones_like(v.value)) for v in variables])
    )
    step()
    shares = stage_scales(one, 0.5)
    for variable, old in zip(variables, before, strict=True):
        expected = -1e-3 * shares[id(variable)]
        np.testing.assert_allclose(variable.numpy() - old, expected, rtol=1e-2)


def test_no_decay_is_the_plain_optimizer() -> None:
    optimizer = build_optimizer(Optimizer(name="Adam").record, backbone())
    assert type(optimizer) is keras.optimizers.Adam
