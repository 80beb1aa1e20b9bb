"""LoRA trains matrices beside frozen kernels, goes on after a kill, and ends in a plain model."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import preset_files
import pytest

from scenery.config.settings import Settings
from scenery.config.validation import read_settings
from scenery.data.packed_images import PackedImages
from scenery.errors import UserError
from scenery.inference.final_model import load_final
from scenery.models.feature_extraction import load_backbone
from scenery.study.advice import advice
from scenery.training.fine_tuning import FineTuningTrainer

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
IMAGES = PackedImages(
    (PIXELS,), np.zeros(6, np.int64), np.arange(6), np.array([0, 1] * 3),
    tuple(f"{n}.png" for n in range(6)),
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a small transformer with random weights."""
    config = preset_files.backbone(num_layers=1)
    preset = preset_files.write_preset(tmp_path / "vit", config).removeprefix("preset:")
    values: dict[str, Any] = {
        "backbone": "ViT", "weights": "none", "network": {"preset": preset}, "trainable": "lora",
        "lora_rank": 2, "head": {"pooling": "class_token"}, "batch_size": 2, "epochs": 2,
        "optimizer": {"learning_rate": 0.01},
    }  # fmt: skip
    return read_settings(values, "base")


def trainer(settings: Settings) -> FineTuningTrainer:
    backbone = load_backbone("ViT", 32, "norm", None, 1, settings.network, "class_token")
    return FineTuningTrainer(settings, 2, backbone, IMAGES, None, "trial", 2)


def test_matrices_learn_and_kernels_stay(settings: Settings, tmp_path: Path) -> None:
    made = trainer(settings)
    names = {v.path.rsplit("/", 1)[1] for v in made.backbone.trainable_variables}
    assert names == {"lora_kernel_a", "lora_kernel_b"}
    # Six kernels of the block: four of attention and two of dense layers.
    assert len(made.backbone.trainable_variables) == 2 * 6
    fixed = {v.path: np.array(v) for v in made.backbone.non_trainable_variables}
    before = made.predict(IMAGES)
    made.train_epoch(0, 0.01)
    assert all((np.array(v) == fixed[v.path]).all() for v in made.backbone.non_trainable_variables)
    after = made.predict(IMAGES)
    assert np.abs(after - before).max() > 1e-4
    # The final model has the sums, as a network has that was never adapted.
    final = made.final_model()
    plain = load_backbone("ViT", 32, "norm", None, 1, settings.network, "class_token")
    assert final.get_layer("ViT").count_params() == plain.count_params()
    final.save(tmp_path / "model.keras")
    loaded = load_final(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(PIXELS.astype("float32")), after, atol=1e-6)
    # Another experiment can start from its weights.
    plain.set_weights(loaded.get_layer("ViT").get_weights())


def test_resumed_run_equals_an_uninterrupted_one(settings: Settings, tmp_path: Path) -> None:
    whole = trainer(settings)
    whole.train_epoch(0, 0.01)
    whole.save_state(str(tmp_path / "state.weights.h5"))
    whole.train_epoch(1, 0.01)
    resumed = trainer(settings)
    resumed.load_state(str(tmp_path / "state.weights.h5"))
    resumed.train_epoch(1, 0.01)
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_rate_that_is_usual_for_lora_is_not_called_high(tmp_path: Path) -> None:
    weights = preset_files.write_preset(tmp_path / "vit")
    values = {"backbone": "ViT", "weights": weights, "optimizer": {"learning_rate": 0.001}}
    said = {
        trainable: list(advice([read_settings({**values, "trainable": trainable}, "base")]))
        for trainable in ("lora", "all")
    }
    assert not said["lora"]
    assert "0.001 is high for pre-trained weights" in said["all"][0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"backbone": "MobileNet", "network": {}, "head": {}}, "trainable: lora is for ViT, DeiT"),
        ({"weight_averaging": {"name": "ema"}}, "trainable: lora excludes weight_averaging"),
        ({"lora_rank": 0}, "lora_rank"),
    ],
)
def test_settings_that_do_not_fit_lora_are_refused(
    changes: dict[str, Any], says: str, settings: Settings
) -> None:
    with pytest.raises(UserError, match=says):
        read_settings(settings.minimal() | changes, "base")


def test_keras_alone_would_lose_the_matrices() -> None:
    """Why the state has a file of its own: Keras writes sums, and reads them with matrices of 0."""
    layer = keras.layers.Dense(3)
    layer.build((None, 2))
    layer.enable_lora(1)
    layer.lora_kernel_b.assign([[1.0, 2.0, 3.0]])
    store: dict[str, Any] = {}
    layer.save_own_variables(store)
    layer.load_own_variables({key: np.asarray(value) for key, value in store.items()})
    assert not np.asarray(layer.lora_kernel_b).any()
