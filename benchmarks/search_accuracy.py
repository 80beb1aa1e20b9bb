"""The best validation accuracy of each search of `search`.

On a frozen backbone without augmentation, `fit` on images and `fit` on the output of the backbone
are the same training. The usual ways therefore run on the output of the backbone, which takes
minutes instead of hours. KerasTuner and Optuna use the functions of usual/. The usual script is
replaced by `fit` for each trial of Scenery.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import yaml

from benchmarks.material import USUAL, Material
from benchmarks.results import Row
from scenery.data.feature_files import read_features
from scenery.data.tables import partition_table
from scenery.pipeline.resources import cores
from scenery.training.hardware import set_up
from scenery.training.head_training import LabeledFeatures

sys.path.insert(0, str(USUAL))

import keras_tuner_search
import optuna_search
from photographs import classifier

# Half the width of the 95 % interval of an accuracy of 0.97 on 375 images.
NOISE = 0.02


def run(material: Material) -> list[Row]:
    """Best validation accuracy of Scenery and of the usual ways."""
    set_up(cores())
    chosen = "results/search/experiments/search/chosen.yaml"
    material.split  # noqa: B018 - packs the images where that is not done
    material.run(material.snakemake(chosen))
    record = yaml.safe_load((material.folder / chosen).read_text(encoding="utf-8"))
    own = float(record["validation_accuracy"])
    stem = next((material.results / "features").glob("*"))
    data = [_features(material, stem, part) for part in ("train", "validation")]
    found = {
        "`fit` on Scenery's own trials": _fit_all(material, data),
        "KerasTuner": _search(material, data, keras_tuner_search.search, str(material.folder)),
        "Optuna and Keras": _search(material, data, optuna_search.search),
    }
    count = len(data[1].labels)
    return [
        Row(
            work=f"best validation accuracy, {material.trials} trials of {material.epochs} epochs",
            compared=words,
            measured=f"{own:.3f} against {best:.3f}",
            target="within noise",
            met=abs(own - best) <= NOISE,
            note=f"{count} validation images, the same for all; noise is ± {NOISE}",
        )
        for words, best in found.items()
    ]


def _features(material: Material, stem: Path, part: str) -> LabeledFeatures:
    rows = partition_table(material.split, part)
    return read_features(stem / f"{part}.npy", stem / f"{part}.json", rows)


def _dataset(data: LabeledFeatures, classes: int, shuffled: bool) -> tf.data.Dataset:
    labels = np.eye(classes, dtype=np.float32)[data.labels]
    dataset = tf.data.Dataset.from_tensor_slices((data.values, labels))
    return dataset.shuffle(len(labels), seed=1) if shuffled else dataset


def _passing(data: LabeledFeatures) -> keras.Model:
    """An identity layer in place of the backbone."""
    inputs = keras.Input(data.values.shape[1:])
    return keras.Model(inputs, keras.layers.Identity()(inputs))


def _search(
    material: Material,
    data: list[LabeledFeatures],
    search: Callable[..., float],
    *more: str,
) -> float:
    classes = material.split["class"].nunique()
    training, validation = (
        _dataset(some, classes, shuffled=number == 0) for number, some in enumerate(data)
    )
    trials, epochs = material.trials, material.epochs
    return float(search(training, validation, _passing(data[0]), classes, trials, epochs, *more))


def _fit_all(material: Material, data: list[LabeledFeatures]) -> float:
    """`fit` with default settings for the trials of Scenery."""
    rows = material.trials_of("search")
    classes = material.split["class"].nunique()
    best = 0.0
    for settings in rows:
        keras.utils.set_random_seed(1)
        keras.backend.clear_session()
        optimizer, head = settings["optimizer"], settings["head"]
        model = classifier(
            _passing(data[0]),
            classes,
            optimizer["name"],
            optimizer["learning_rate"],
            head["dropout"],
            head["l2"],
        )
        training, validation = (_dataset(some, classes, n == 0) for n, some in enumerate(data))
        history = model.fit(
            training.batch(settings["batch_size"]).prefetch(2),
            validation_data=validation.batch(32).prefetch(2),
            epochs=material.epochs,
            verbose=0,
        )
        best = max(best, *history.history["val_accuracy"])
    return float(best)
