"""Featurewise scaling in training: whose statistics are taken, and that they stay."""

from typing import Any

import numpy as np
import pytest

from scenery.config.settings import Settings
from scenery.config.validation import read_settings
from scenery.data.packed_images import PackedImages
from scenery.errors import UserError
from scenery.models.backbones import INPUT_STATISTICS
from scenery.models.feature_extraction import load_backbone
from scenery.study.trials import change
from scenery.training.fine_tuning import FineTuningTrainer

MLP = {"backbone": "MLP", "image_size": 16, "network": {"widths": [4], "scaling": "featurewise"}}


def settings(**values: Any) -> Settings:
    return read_settings({**MLP, "trainable": "scratch", "batch_size": 4, **values}, "s")


def images(low: int, high: int) -> PackedImages:
    pixels = np.random.default_rng(0).integers(low, high, (8, 16, 16, 3)).astype(np.uint8)
    places, files = np.arange(8), tuple(map(str, range(8)))
    return PackedImages((pixels,), np.zeros(8, np.int64), places, places % 2, files)


def trained(chosen: Settings, start: list[np.ndarray] | None = None) -> FineTuningTrainer:
    backbone = load_backbone("MLP", 16, None, None, 0, chosen.network)
    if start is not None:
        backbone.set_weights(start)
    one = FineTuningTrainer(chosen, 2, backbone, images(0, 100), images(100, 250), "t")
    one.train_epoch(0, 0.01)
    return one


def test_statistics_are_those_of_the_training_images() -> None:
    one = trained(settings())
    pixels = images(0, 100).arrays[0].astype(np.float64)
    mean, variance = one.backbone.get_layer(INPUT_STATISTICS).get_weights()
    # Training does not move them, nor do validation images.
    np.testing.assert_allclose(mean, pixels.mean(axis=(0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(variance, pixels.var(axis=(0, 1, 2)), rtol=1e-5)
    learned = sum(int(np.prod(v.shape)) for v in one.trainer.trainable_variables)
    assert learned == one.trained_parameters == one.model.count_params() - 6


def test_statistics_of_learned_weights_are_kept() -> None:
    before = [value + 1 for value in trained(settings()).backbone.get_weights()]
    chosen = change(settings(), {"trainable": "all", "weights": "experiment:a"}, "e")
    mean, _ = trained(chosen, before).backbone.get_layer(INPUT_STATISTICS).get_weights()
    np.testing.assert_array_equal(mean, before[0])


@pytest.mark.parametrize("trainable", ["head", "all"])
def test_statistics_of_a_random_network_that_is_not_trained_from_scratch(trainable: str) -> None:
    words = rf"featurewise takes the statistics .* scratch, or .*found trainable: {trainable}"
    with pytest.raises(UserError, match=words):
        settings(trainable=trainable, weights="none")
    settings(trainable=trainable, weights="experiment:a")
