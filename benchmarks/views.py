"""Augmentation with a frozen backbone: stored views beside augmentation in every epoch.

The usual way runs augmentation and backbone for every image in every epoch, and also for the
validation images. With stored views, each image is augmented ten times, once for all trials.
"""

import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from benchmarks.material import LAYER, Material
from benchmarks.measuring import Spread, in_turn, ratios, seconds
from benchmarks.results import Row
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.data.packed_images import PackedImages, open_packed
from scenery.data.splitting import draw_subset
from scenery.data.tables import partition_table
from scenery.models.feature_extraction import feature_batches, load_backbone, pooled
from scenery.models.forward import make_forward_fn
from scenery.models.heads import build_head
from scenery.pipeline.resources import cores
from scenery.training.augmentation import build_augmentation
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.hardware import set_up
from scenery.training.trainers import head_trainer

AUGMENT = {"rotation": 20, "width_shift": 0.2, "zoom": 0.2, "horizontal_flip": True}
VIEWS = 10
BATCH = 32
CLASSES = 8


def settings_of(material: Material, seed: int = 0) -> Settings:
    """One point of the augmentation grid."""
    head = {"dropout": 0.5}
    more = {"views": VIEWS, "augment": AUGMENT, "batch_size": BATCH, "head": head, "seed": seed}
    return Settings.model_validate(material.base() | more)


def images_of(material: Material) -> tuple[PackedImages, PackedImages]:
    """The small training set and the validation images."""
    small = draw_subset(material.split, per_class=material.per_class, seed=1)
    tables = (partition_table(small, "train"), partition_table(material.split, "validation"))
    packed = [material.packed / part / f"{material.size}.npy" for part in ("train", "validation")]
    training, validation = (open_packed(*pair) for pair in zip(packed, tables, strict=True))
    return training, validation


def backbone_of(material: Material) -> keras.Model:
    """The frozen backbone, pooled."""
    weights = None if material.weights == "none" else material.weights
    return pooled(load_backbone("MobileNet", material.size, LAYER, weights, seed=0), "average")


def run(material: Material) -> list[Row]:
    """Seconds for one point of the grid: one view and one epoch are timed and scaled."""
    set_up(cores())
    settings, (training, validation) = settings_of(material), images_of(material)
    backbone = backbone_of(material)
    plain, render = (
        make_forward_fn(backbone),
        make_forward_fn(backbone, build_augmentation(settings.augment, 0)),
    )
    epochs = material.epochs

    def kept() -> float:
        start = time.perf_counter()
        checked = _features(plain, validation)
        between = time.perf_counter()
        one = _features(render, training)
        end = time.perf_counter()
        # Random numbers instead of the other views; they take the head the same time.
        others = np.random.default_rng(0).random((VIEWS - 1, *one.values.shape), np.float32)
        views = LabeledFeatures(
            np.concatenate([one.values[None], others]), training.labels, views=True
        )
        learner = head_trainer(settings, CLASSES, views, checked)
        head = seconds(
            lambda: run_epochs(
                learner, EpochPlan.of(settings, "head", learner.images), "", quiet=True
            )
        )
        return VIEWS * (end - between) + between - start + head

    model = _usual(settings, backbone)
    targets = {id(some): tf.one_hot(some.labels, CLASSES) for some in (training, validation)}
    data = [
        tf.data.Dataset.zip(
            some.batches(BATCH).map(lambda x: tf.cast(x, tf.float32)),
            tf.data.Dataset.from_tensor_slices(targets[id(some)]).batch(BATCH),
        )
        for some in (training, validation)
    ]

    def online() -> float:
        return epochs * seconds(lambda: model.fit(data[0], validation_data=data[1], verbose=0))

    online(), kept()  # both trace their graphs before they are timed
    rounds = in_turn([online, kept], material.rounds)
    times = ratios(rounds, 0, 1)
    usual, own = (Spread.of([values[side] for values in rounds]) for side in (0, 1))
    return [
        Row(
            work=f"a point of an augmentation grid, {len(training)} images, {VIEWS} views",
            compared=f"augmentation in each of {epochs} epochs, scaled",
            measured=f"{times} times faster",
            target="≥ 4",
            met=times.median >= 4,
            note=f"{own} s ({VIEWS} times one view, {len(validation)} validation images once, the "
            f"head's {epochs} epochs) against {usual} s ({epochs} times one), {cores()} threads",
        )
    ]


def _features(forward: Callable[[tf.Tensor], tf.Tensor], images: PackedImages) -> LabeledFeatures:
    return LabeledFeatures(
        np.concatenate(list(feature_batches(forward, images, BATCH))), images.labels
    )


def _usual(settings: Settings, backbone: keras.Model) -> keras.Model:
    """Augmentation, frozen backbone and head as one model."""
    backbone.trainable = False
    augmentation = build_augmentation(settings.augment, seed=0)
    assert augmentation is not None
    inputs = keras.Input(backbone.input.shape[1:])
    features = backbone(augmentation(inputs), training=False)
    outputs = build_head(features.shape[1:], CLASSES, settings.head)(features)
    model = keras.Model(inputs, outputs)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model
