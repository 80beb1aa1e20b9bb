"""Auxiliary outputs of InceptionNet: where they are, what they count, and that they go."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from scenery.config.settings import Settings
from scenery.config.validation import read_settings
from scenery.data.packed_images import PackedImages
from scenery.demo.scenes import SCENE_CLASSES, scene
from scenery.errors import UserError
from scenery.models.feature_extraction import load_backbone
from scenery.registry.custom_architectures import Network, auxiliary_layers
from scenery.study.trial_network import check_network, cut_layer
from scenery.study.trials import change
from scenery.training.fine_tuning import FineTuningTrainer

SIZE = 32
CLASSES = len(SCENE_CLASSES)


def settings(outputs: int = 2, blocks: int = 3, **values: Any) -> Settings:
    network = {"channels": 16, "stages": 1, "blocks": blocks, "form": "naive"}
    network["auxiliary_outputs"] = outputs
    own = {"backbone": "InceptionNet", "trainable": "scratch", "batch_size": 8}
    return read_settings({**own, "network": network, **values}, "s")


def learner(chosen: Settings) -> FineTuningTrainer:
    backbone = load_backbone(
        "InceptionNet", SIZE, cut_layer(chosen), None, chosen.seed, chosen.network
    )
    pixels = np.stack([scene(name, number, SIZE, 1) for name in SCENE_CLASSES for number in (1, 2)])
    count, labels = len(pixels), np.repeat(np.arange(CLASSES), 2)
    files = tuple(f"{number}.png" for number in range(count))
    images = PackedImages((pixels,), np.zeros(count, np.int64), np.arange(count), labels, files)
    return FineTuningTrainer(chosen, CLASSES, backbone, images, images, "t")


@pytest.mark.parametrize(
    ("values", "layers"),
    [
        ({}, ()),
        # As in GoogLeNet: behind the third and the sixth of nine blocks.
        ({"stages": 3, "blocks": 3, "auxiliary_outputs": 2}, ("stage1_block3", "stage2_block3")),
        ({"stages": 2, "blocks": 2, "auxiliary_outputs": 1}, ("stage1_block2",)),
        ({"stages": 2, "blocks": 1, "auxiliary_outputs": 1}, ("stage1_block1",)),
        ({"stages": 1, "blocks": 4, "auxiliary_outputs": 2}, ("stage1_block1", "stage1_block3")),
    ],
)
def test_auxiliary_outputs_are_at_equal_distances(
    values: dict[str, Any], layers: tuple[str, ...]
) -> None:
    assert auxiliary_layers("InceptionNet", Network(**values)) == layers
    assert auxiliary_layers("ConvNet", Network()) == ()


def test_the_graph_of_a_step_with_several_losses_is_made_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = learner(settings())
    step, graphs = one.trainer.train_step, []
    monkeypatch.setattr(one.trainer, "train_step", lambda x: graphs.append(1) or step(x))
    one.train_epoch(0, 1e-3)
    assert graphs == [1]


def test_auxiliary_losses_count_three_tenths() -> None:
    one = learner(settings())
    images = np.random.default_rng(0).uniform(0, 255, (4, SIZE, SIZE, 3)).astype("float32")
    labels, weights = np.eye(CLASSES, dtype="float32")[:4], np.array([1, 2, 1, 0.5], "float32")
    predicted = one.trainer.predict(images, verbose=0)
    assert list(predicted) == ["image", "auxiliary_1", "auxiliary_2"]
    losses = [
        np.mean(weights * -np.log((labels * values).sum(axis=1))) for values in predicted.values()
    ]
    # Three heads with random weights say three different things.
    assert len({round(float(loss), 3) for loss in losses}) == 3
    found = one.trainer.test_on_batch(images, dict.fromkeys(predicted, labels), weights)
    assert found[0] == pytest.approx(losses[0] + 0.3 * (losses[1] + losses[2]), rel=1e-4)


def test_auxiliary_outputs_change_training_and_are_in_no_model(tmp_path: Path) -> None:
    with_outputs, without = learner(settings(1, 2)), learner(settings(0, 2))
    before = without.get_weights()
    # They start from the same weights.
    assert all(map(np.array_equal, with_outputs.get_weights(), before))
    losses = [one.train_epoch(0, 0.01)[0] for one in (with_outputs, without)]
    # The loss that is told is that of the network's own output.
    assert losses[0] == pytest.approx(losses[1], rel=0.3)
    assert not np.allclose(with_outputs.get_weights()[0], without.get_weights()[0])
    assert with_outputs.model.count_params() == without.model.count_params()
    assert with_outputs.trained_parameters == without.trained_parameters
    with_outputs.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    images = with_outputs.images
    pixels = np.concatenate([np.asarray(x) for x in images.batches(8)]).astype("float32")
    np.testing.assert_allclose(
        loaded.predict(pixels, verbose=0), with_outputs.predict(images), atol=1e-5
    )


def test_auxiliary_outputs_are_in_the_state_of_a_killed_job(tmp_path: Path) -> None:
    chosen = settings(1, 2, mixup=0.2, head={"dropout": 0.3})
    whole, again = learner(chosen), learner(chosen)
    whole.train_epoch(0, 0.01)
    whole.save_state(str(tmp_path / "state.weights.h5"))
    again.load_state(str(tmp_path / "state.weights.h5"))
    assert whole.train_epoch(1, 0.01) == again.train_epoch(1, 0.01)
    assert all(map(np.array_equal, whole.get_weights(), again.get_weights()))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"trainable": "all"}, "trainable must be scratch, not all"),
        (
            {"head": {"aggregation": "mean", "supervise": "positions"}},
            "auxiliary_outputs and head.supervise: positions exclude each other",
        ),
    ],
)
def test_auxiliary_outputs_that_cannot_be(values: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        settings(**values)


def test_auxiliary_outputs_need_blocks_below_the_end() -> None:
    with pytest.raises(UserError, match=r"has 3 blocks in all, so at most 2 before the last one"):
        check_network(settings(3), "e")
    check_network(settings(2), "e")
    with pytest.raises(UserError, match=r"e: .*up to stage1_block2 does not reach .*stage1_block2"):
        check_network(settings(2, cut="stage1_block2"), "e")


def test_auxiliary_outputs_are_dropped_when_pretrained_layers_are_trained() -> None:
    changed = change(settings(2), {"trainable": "head", "weights": "experiment:a"}, "e")
    assert changed.network == settings(0).network
    with pytest.raises(UserError, match="trainable must be scratch"):
        change(settings(2), {"trainable": "head", "network.auxiliary_outputs": 1}, "e")
