"""Fine-tuning on small drawn scenes: what learns, what stays, and that numbers repeat."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image

from scenery.classical.linear_scores import inner_divisions, linear_head_fitter
from scenery.config.settings import Augment, Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.data.packed_images import PackedImages
from scenery.demo.scenes import SCENE_CLASSES, scene
from scenery.evaluation.training_result import TrainingResult
from scenery.models.feature_extraction import load_backbone, pooled
from scenery.models.heads import build_head
from scenery.models.truncation import stages
from scenery.study.features import plain_features
from scenery.study.trial_network import cut_layer
from scenery.training.augmentation import build_augmentation
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.fine_tuning import FineTuningTrainer
from scenery.training.first_step import train_head_first
from scenery.training.hardware import use_mixed_precision
from scenery.training.head_training import HeadTrainer

SIZE = 48
CLASSES = len(SCENE_CLASSES)


def packed(pixels: np.ndarray, labels: np.ndarray) -> PackedImages:
    count = len(labels)
    files = tuple(f"{number}.png" for number in range(count))
    return PackedImages((pixels,), np.zeros(count, np.int64), np.arange(count), labels, files)


@functools.cache
def drawn(first: int, count: int) -> PackedImages:
    """So many scenes of each class, of 48 pixels; `first` tells apart those of two partitions."""
    numbers = range(first, first + count)
    images = [scene(name, number, SIZE, 1) for name in SCENE_CLASSES for number in numbers]
    return packed(np.stack(images), np.repeat(np.arange(CLASSES), count))


@pytest.fixture(scope="module")
def training() -> PackedImages:
    return drawn(1, 6)


@pytest.fixture(scope="module")
def validation() -> PackedImages:
    return drawn(101, 4)


@pytest.fixture(autouse=True, scope="module")
def as_in_a_job() -> None:
    """Jobs ask TensorFlow for repeatable sums."""
    tf.config.experimental.enable_op_determinism()


def network(settings: Settings, weights: Path | None = None, size: int = SIZE) -> keras.Model:
    return load_backbone(settings.backbone, size, cut_layer(settings), weights, settings.seed)


def described(**values: Any) -> Settings:
    defaults = {"backbone": "SqueezeNet", "weights": "none", "epochs": 3, "batch_size": 16}
    if "cut" not in values:
        # Two stages of the network: most of a test is the time in which its graph is made.
        defaults["cut"] = "fire3_concat"
    return Settings(**{**defaults, "optimizer": {"learning_rate": 0.003}, **values})


def learner(settings: Settings, *images: PackedImages) -> FineTuningTrainer:
    return FineTuningTrainer(settings, CLASSES, network(settings), images[0], images[1], "t")


def trained(one: FineTuningTrainer | HeadTrainer) -> TrainingResult:
    settings = one.settings
    rate = settings.optimizer.learning_rate
    return run_epochs(
        one, EpochPlan("x", settings.epochs, rate, settings.schedule), "t", quiet=True
    )


def extracted(backbone: keras.Model, images: PackedImages, pooling: str) -> LabeledFeatures:
    values = [pooled(backbone, pooling)(x, training=False) for x in images.batches(16)]
    return LabeledFeatures(np.concatenate(values), images.labels)


def compare_both_ways(
    settings: Settings, backbone: Callable[[], keras.Model], *images: PackedImages
) -> None:
    """A head trained on the features and one trained on the images come out the same."""
    classes = int(images[0].labels.max()) + 1
    whole = trained(FineTuningTrainer(settings, classes, backbone(), *images, "t"))
    parts = [extracted(backbone(), part, plain_features(settings).pooling) for part in images]
    alone = trained(HeadTrainer(settings, classes, *parts))
    one_image = 1.01 / len(images[1])
    for a, b in zip(whole.history, alone.history, strict=True):
        assert a.loss == pytest.approx(b.loss, rel=1e-2)
        assert a.validation_loss == pytest.approx(b.validation_loss, rel=1e-2)
        assert a.validation_accuracy == pytest.approx(b.validation_accuracy, abs=one_image)
    # Something was learned that could have come out differently.
    assert whole.history[-1].loss < whole.history[0].loss


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"dense": [16], "dropout": 0.3, "l2": 1e-3},
        {"pooling": "max", "batch_norm": True},
        {"aggregation": "mean", "dense": [8]},
        {"aggregation": "product", "supervise": "positions", "l2": 1e-3},
    ],
    ids=str,
)
def test_a_head_on_images_is_a_head_on_features(
    head: dict[str, Any], training: PackedImages, validation: PackedImages
) -> None:
    # A network that learns from images has no features to standardize.
    settings = described(head={**head, "standardize": False}, trainable="head")
    compare_both_ways(settings, lambda: network(settings), training, validation)


@pytest.mark.shared
def test_a_head_on_photographs_is_a_head_on_their_features(shared: Path) -> None:
    parts = []
    folders = sorted((shared / "data" / "MIT_split" / "train").iterdir())
    for start in (0, 12):
        files = [file for folder in folders for file in sorted(folder.iterdir())[start : start + 8]]
        images = [Image.open(file).convert("RGB").resize((64, 64)) for file in files]
        parts.append(packed(np.stack(images), np.repeat(np.arange(len(folders)), 8)))
    settings = described(head={"dropout": 0.5, "standardize": False}, trainable="head")
    weights = shared / "weights" / "squeezenet_1_1_imagenet_notop.h5"
    compare_both_ways(settings, lambda: network(settings, weights, 64), *parts)


MOBILENET = {"backbone": "MobileNet", "cut": "conv_pw_5_relu", "epochs": 1}


def test_penalty_adds_the_norms_of_the_kernels_that_are_trained(
    training: PackedImages, validation: PackedImages
) -> None:
    values: dict[str, Any] = {"trainable": "head+1", "cut": "fire2_concat"}
    one = learner(described(**values, penalty={"l1": 0.25, "l2": 0.5}), training, validation)
    kernels = [v.numpy() for v in one.backbone.trainable_variables if v.name == "kernel"]
    assert 0 < len(kernels) < len(one.backbone.variables) / 2 + 1
    expected = sum(0.25 * np.abs(kernel).sum() + 0.5 * (kernel**2).sum() for kernel in kernels)
    assert float(sum(one.trainer.losses)) == pytest.approx(expected, rel=1e-5)
    assert not learner(described(**values), training, validation).trainer.losses


def test_rate_that_falls_per_step_falls_within_an_epoch(
    training: PackedImages, validation: PackedImages
) -> None:
    schedule = {"name": "inverse_time", "per": "step", "rate": 0.5}
    settings = described(
        trainable="head+1", cut="fire2_concat", schedule=schedule, batch_size=12, epochs=1,
    )  # fmt: skip
    one = learner(settings, training, validation)
    trained(one)
    steps = -(-len(training) // 12)
    assert steps > 1
    last = 0.003 / (1 + 0.5 * (steps - 1))
    assert float(one.trainer.optimizer.learning_rate) == pytest.approx(last)


def moved(before: list[np.ndarray], layer: keras.layers.Layer) -> list[bool]:
    return [not np.array_equal(a, b) for a, b in zip(before, layer.get_weights(), strict=True)]


@pytest.mark.parametrize("statistics", ["frozen", "updated"])
@pytest.mark.parametrize(("trainable", "learning"), [("head+1", 1), ("head+2", 2), ("all", 3)])
def test_exactly_the_top_stages_learn(
    trainable: str, learning: int, statistics: str, training: PackedImages, validation: PackedImages
) -> None:
    settings = described(**MOBILENET, trainable=trainable, batch_norm_statistics=statistics)
    one = learner(settings, training, validation)
    groups = stages(one.backbone)
    assert len(groups) == 3
    before = {layer.name: layer.get_weights() for group in groups for layer in group}
    head = one.head.get_weights()
    one.train_epoch(0, 0.01)
    assert any(not np.array_equal(a, b) for a, b in zip(head, one.head.get_weights(), strict=True))
    for number, group in enumerate(groups):
        learns = number >= len(groups) - learning
        for layer in group:
            if not layer.weights:
                continue
            changed = moved(before[layer.name], layer)
            if isinstance(layer, keras.layers.BatchNormalization):
                # Scale and shift learn with their stage; mean and variance only if they may.
                assert changed[:2] == [learns, learns], layer.name
                assert changed[2:] == [learns and statistics == "updated"] * 2, layer.name
            else:
                assert all(changed) == any(changed) == learns, layer.name


def test_a_frozen_backbone_does_not_move(training: PackedImages, validation: PackedImages) -> None:
    settings = described(**MOBILENET, trainable="head", batch_norm_statistics="updated")
    one = learner(settings, training, validation)
    before = one.backbone.get_weights()
    one.train_epoch(0, 0.1)
    assert all(
        np.array_equal(a, b) for a, b in zip(before, one.backbone.get_weights(), strict=True)
    )
    assert one.trained_parameters == one.head.count_params()


def test_parameters_that_learn(training: PackedImages, validation: PackedImages) -> None:
    counts = [
        learner(described(trainable=t, cut="fire5_concat"), training, validation).trained_parameters
        for t in ("head", "head+1", "head+2", "all")
    ]
    assert counts == sorted(set(counts))
    whole = learner(described(trainable="all", cut="fire5_concat"), training, validation)
    assert counts[-1] == whole.model.count_params()


LIVELY = {
    "trainable": "all",
    "epochs": 2,
    "head": {"dropout": 0.5},
    "augment": {"horizontal_flip": True, "zoom": 0.2},
    "optimizer": {"learning_rate": 1e-3},
}


def figures(training: PackedImages, validation: PackedImages, seed: int) -> list[Any]:
    one = learner(described(**LIVELY, seed=seed), training, validation)
    history = [(r.loss, r.accuracy, r.validation_loss) for r in trained(one).history]
    return [*history, float(sum(weight.sum() for weight in one.get_weights()))]


def test_the_same_seed_gives_the_same_numbers(
    training: PackedImages, validation: PackedImages
) -> None:
    first = figures(training, validation, 0)
    keras.utils.set_random_seed(123)
    assert figures(training, validation, 0) == first
    assert figures(training, validation, 1) != first


@pytest.mark.parametrize(
    "head", [{}, {"aggregation": "mean", "supervise": "positions"}], ids=["image", "positions"]
)
def test_the_graph_of_a_step_is_made_once(
    head: dict[str, Any],
    training: PackedImages,
    validation: PackedImages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a large network it takes seconds."""
    settings = described(trainable="all", head=head, batch_size=20)
    one = learner(settings, training, validation)
    step, graphs = one.trainer.train_step, []
    monkeypatch.setattr(one.trainer, "train_step", lambda x: graphs.append(1) or step(x))
    # The last batch of an epoch is smaller than the others.
    assert len(training) % settings.batch_size
    for epoch in range(2):
        one.train_epoch(epoch, 1e-3)
    assert graphs == [1]


def test_no_epoch_waits_for_a_tuner(training: PackedImages, validation: PackedImages) -> None:
    one = learner(described(trainable="all"), training, validation)
    for batches in (validation.batches(4), one._batches(np.arange(4), 0)):
        assert batches.options().autotune.enabled is False


def test_augmentation_is_for_training_alone(
    training: PackedImages, validation: PackedImages
) -> None:
    plain = learner(described(trainable="all"), training, validation)
    wild = learner(described(**{**LIVELY, "augment": {"rotation": 90}}), training, validation)
    wild.set_weights(plain.get_weights())
    assert np.array_equal(plain.predict(validation), wild.predict(validation))
    assert wild.model.count_params() == plain.model.count_params()
    names = [layer.name for layer in wild.model.layers]
    assert not any("rotation" in name or "augmentation" in name for name in names)


def test_label_smoothing_class_weights_and_mixing_count(
    training: PackedImages, validation: PackedImages
) -> None:
    few = PackedImages(
        training.arrays, training.sources[:20], training.rows[:20], training.labels[:20],
        training.files[:20],
    )  # fmt: skip
    losses = {
        learner(described(epochs=1, **more), few, validation).train_epoch(0, 1e-3)[0]
        for more in (
            {}, {"label_smoothing": 0.3}, {"class_weights": "balanced"}, {"mixup": 1}, {"cutmix": 1}
        )
    }  # fmt: skip
    assert len(losses) == 5


def test_the_first_step_gives_its_head_to_the_network(
    training: PackedImages, validation: PackedImages
) -> None:
    settings = described(trainable="all", first_step={"epochs": 6, "learning_rate": 0.01})
    one = learner(settings, training, validation)
    before = one.head.get_weights()
    parts = [extracted(one.backbone, part, "average") for part in (training, validation)]
    run = train_head_first(settings, CLASSES, *parts, one.head, "t")
    loss, right = one.validate()
    assert [row.step for row in run.history] == ["head"] * 6
    assert loss == pytest.approx(run.best_row.validation_loss, rel=1e-3)
    assert right == pytest.approx(run.best_row.validation_accuracy, abs=1.01 / len(validation))
    assert any(
        not np.array_equal(a, b) for a, b in zip(before, one.head.get_weights(), strict=True)
    )


def test_first_step_with_lbfgs_gives_the_exact_head_to_the_network(
    training: PackedImages, validation: PackedImages
) -> None:
    settings = described(
        trainable="all", first_step={"solver": "lbfgs"}, cut="fire2_concat", head={"dropout": 0.5}
    )
    one = learner(settings, training, validation)
    parts = [extracted(one.backbone, part, "average") for part in (training, validation)]
    rows = pd.DataFrame({"label": training.labels})
    run = train_head_first(settings, CLASSES, *parts, one.head, "t", rows=rows)
    (row,) = run.history
    assert (row.step, row.epoch, row.learning_rate) == ("head", 1, 0.0)
    assert one.validate() == pytest.approx((row.validation_loss, row.validation_accuracy), rel=1e-3)
    fitter = linear_head_fitter(settings, parts[0], CLASSES)
    exact = fitter.fit(fitter.chosen(fitter.first_view, inner_divisions(rows, settings.seed)))
    for found, expected in zip(one.head.get_weights(), exact.weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    # A refit has no validation images, and fits the same head to what it has.
    again = train_head_first(settings, CLASSES, parts[0], None, one.head, "t", [0.0], rows)
    assert np.isnan(again.history[0].validation_loss)
    assert again.history[0].loss == row.loss


def test_the_first_step_sees_no_views(training: PackedImages, validation: PackedImages) -> None:
    """It learns from the plain features, whatever the second step augments."""
    parts = [extracted(network(described()), part, "average") for part in (training, validation)]
    losses = []
    for augment in ({}, {"zoom": 0.3}):
        settings = described(trainable="all", first_step={"epochs": 2}, augment=augment)
        head = build_head(parts[0].values.shape[1:], CLASSES, settings.head)
        run = train_head_first(settings, CLASSES, *parts, head, "t")
        losses.append([row.validation_loss for row in run.history])
    assert losses[0] == losses[1]


def test_the_first_step_learns_from_views_where_it_has_them(
    training: PackedImages, validation: PackedImages
) -> None:
    plain, held_out = (
        extracted(network(described()), part, "average") for part in (training, validation)
    )
    losses = []
    for second in (plain.values, plain.values[::-1].copy()):
        views = LabeledFeatures(np.stack([plain.values, second]), plain.labels, views=True)
        settings = described(
            trainable="all", first_step={"epochs": 2, "views": 2}, augment={"zoom": 0.1}
        )
        head = build_head(plain.values.shape[1:], CLASSES, settings.head)
        run = train_head_first(settings, CLASSES, views, held_out, head, "t")
        losses.append([row.loss for row in run.history])
    # The second view of each image has the features of another one.
    assert losses[0][0] < losses[1][0]


@pytest.fixture
def policy_put_back() -> Iterator[None]:
    yield
    keras.mixed_precision.set_global_policy("float32")


@pytest.mark.parametrize(
    ("wanted", "gpus", "policy"),
    [(True, 1, "mixed_float16"), (True, 0, "float32"), (False, 1, "float32")],
)
def test_mixed_precision_needs_a_gpu(
    policy_put_back: None, wanted: bool, gpus: int, policy: str
) -> None:
    assert use_mixed_precision(wanted, gpus) == (policy == "mixed_float16")
    assert keras.mixed_precision.global_policy().name == policy
    head = build_head((4,), 3, Settings().head)
    assert head.output.dtype == "float32"


def test_views_are_changed_images_of_the_same_range() -> None:
    augmentation = build_augmentation(Augment(zoom=0.3, brightness=0.5), seed=1)
    assert augmentation is not None
    images = drawn(1, 2).read(np.arange(16)).astype(np.float32)
    changed = augmentation(images, training=True).numpy()
    assert changed.shape == images.shape
    assert changed.min() >= 0
    assert changed.max() <= 255
    assert not np.allclose(changed, images)


def test_settings_that_a_soup_averages_start_from_the_same_weights(
    training: PackedImages, validation: PackedImages
) -> None:
    """`soup_group` says which settings of training leave the initial weights as they are."""

    def start(dropout: list[float], trainable: str = "all", **values: Any) -> list[np.ndarray]:
        head = {"dense": [8], "dropout": dropout, **values.pop("head", {})}
        settings = described(trainable=trainable, head=head, **values)
        return learner(settings, training, validation).model.get_weights()

    first = start([0.2, 0.2])
    averaged = {"weight_averaging": {"name": "ema"}, "optimizer": {"name": "SGD"}}
    augmented = {"mixup": 0.2, "augment": {"zoom": 0.1, "rotation": 10}}
    for same in (
        start([0.5, 0.1], "head+1", **augmented),
        start([0.2, 0.2], head={"l2": 0.1}, label_smoothing=0.1, **averaged),
    ):
        assert all((a == b).all() for a, b in zip(first, same, strict=True))
    # Fewer layers that draw a seed, and another seed.
    for other in (start([0.2, 0]), start([0.2, 0.2], seed=2)):
        assert any((a != b).any() for a, b in zip(first, other, strict=True))
