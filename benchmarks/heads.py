"""One head trial on features beside Keras' `fit` on the same arrays, and in folds."""

from collections.abc import Callable

import keras
import numpy as np
import pandas as pd

from benchmarks.material import Material
from benchmarks.measuring import Spread, in_turn, ratios, seconds
from benchmarks.results import Row
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.held_out import HeldOutData
from scenery.models.heads import build_head
from scenery.pipeline.resources import cores
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.fold_trainer import FoldTrainer
from scenery.training.hardware import set_up
from scenery.training.head_training import HeadTrainer
from scenery.training.trainers import fold_trainer, head_trainer

CLASSES = 8
VALUES = 1024
FOLDS = 5
IMAGES = {"train": 1881, "validation": 807}


def run(material: Material) -> list[Row]:
    """Epochs per second of both, at the batch sizes of the course scripts."""
    set_up(cores())
    data = {part: _drawn(count) for part, count in IMAGES.items()}
    rows = []
    for batch in (32, 10):
        settings = Settings.model_validate(
            {"head": {"dropout": 0.5}, "batch_size": batch, "epochs": material.epochs}
        )
        rounds = in_turn([_scenery(settings, data), _keras(settings, data)], material.rounds)
        times = ratios(rounds, 0, 1)
        own, fit = (Spread.of([1000 / values[side] for values in rounds]) for side in (0, 1))
        rows.append(
            Row(
                work=f"a head's trial of {material.epochs} epochs, batch {batch}",
                compared="Keras' `fit` with default settings",
                measured=f"{times} times its epochs per second",
                target="≥ 4",
                met=times.median >= 4,
                note=f"{own} ms an epoch against {fit}, building and tracing included; "
                f"{IMAGES['train']} training and {IMAGES['validation']} validation images, "
                f"{VALUES} features, {cores()} threads",
            )
        )
        rows.append(_in_folds(settings, data, material.rounds))
    return rows


def _in_folds(settings: Settings, data: dict[str, LabeledFeatures], count: int) -> Row:
    """A trial in folds beside a trial on a share by the graph of TensorFlow."""
    images = data["train"]
    table = pd.DataFrame({"label": images.labels})
    folds = HeldOutData(images, images, table, (np.arange(len(images.labels)) % FOLDS)[None])

    def share() -> HeadTrainer:
        return HeadTrainer(settings, CLASSES, data["train"], data["validation"])

    def in_folds() -> FoldTrainer:
        return fold_trainer(settings, CLASSES, folds)

    rounds = in_turn([_seconds(settings, in_folds), _seconds(settings, share)], count)
    times = ratios(rounds, 0, 1)
    own, graph = (Spread.of([values[side] for values in rounds]) for side in (0, 1))
    return Row(
        work=f"a head's trial of {settings.epochs} epochs in {FOLDS} folds, "
        f"batch {settings.batch_size}",
        compared="a trial on one share by a compiled graph of TensorFlow (`HeadTrainer`)",
        measured=f"{times} times as long",
        target="≤ 2.5",
        met=times.median <= 2.5,
        note=f"{own} s against {graph}; {len(images.labels)} images, {VALUES} features",
    )


def _seconds(
    settings: Settings, build: Callable[[], FoldTrainer | HeadTrainer]
) -> Callable[[], float]:
    def work() -> None:
        trainer = build()
        run_epochs(trainer, EpochPlan.of(settings, "head", trainer.images), "", quiet=True)

    return lambda: seconds(work)


def _drawn(count: int) -> LabeledFeatures:
    """Random arrays of the size of the features; the values do not affect the speed."""
    generator = np.random.default_rng(count)
    values = generator.random((count, VALUES), np.float32)
    return LabeledFeatures(values, generator.integers(0, CLASSES, count))


def _scenery(settings: Settings, data: dict[str, LabeledFeatures]) -> Callable[[], float]:
    def trial() -> float:
        def work() -> None:
            learner = head_trainer(settings, CLASSES, data["train"], data["validation"])
            run_epochs(
                learner, EpochPlan.of(settings, "head", learner.images), "benchmark", quiet=True
            )

        return settings.epochs / seconds(work)

    return trial


def _keras(settings: Settings, data: dict[str, LabeledFeatures]) -> Callable[[], float]:
    arrays = {part: (d.values, np.eye(CLASSES)[d.labels]) for part, d in data.items()}

    def trial() -> float:
        def work() -> None:
            # The operations are deterministic, as those of Scenery, and then need a seed.
            keras.utils.set_random_seed(1)
            model = build_head((VALUES,), CLASSES, settings.head)
            model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
            model.fit(
                *arrays["train"],
                batch_size=settings.batch_size,
                epochs=settings.epochs,
                validation_data=arrays["validation"],
                verbose=0,
            )
            keras.backend.clear_session()

        return settings.epochs / seconds(work)

    return trial
