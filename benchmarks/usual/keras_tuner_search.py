"""The same search with KerasTuner."""

import argparse
import tempfile
from typing import Any

import keras
import keras_tuner
import tensorflow as tf
from photographs import BATCH_SIZES, OPTIMIZERS, classifier, mobilenet, photographs


class Head(keras_tuner.HyperModel):
    """A new head on the frozen backbone."""

    def __init__(self, backbone: keras.Model, classes: int) -> None:
        super().__init__()
        self.backbone, self.classes = backbone, classes

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """The network of one trial."""
        return classifier(
            self.backbone,
            self.classes,
            optimizer=hp.Choice("optimizer", OPTIMIZERS),
            rate=hp.Float("rate", 1e-5, 1e-1, sampling="log"),
            dropout=hp.Float("dropout", 0, 0.8),
            l2=hp.Float("l2", 1e-6, 1e-2, sampling="log"),
        )

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: keras.Model,
        training: tf.data.Dataset,
        validation_data: tf.data.Dataset,
        **more: Any,
    ) -> Any:
        """The training of one trial."""
        batch = hp.Choice("batch", BATCH_SIZES)
        return model.fit(
            training.batch(batch).prefetch(2),
            validation_data=validation_data.batch(32).prefetch(2),
            **more,
        )


def search(
    training: tf.data.Dataset,
    validation: tf.data.Dataset,
    backbone: keras.Model,
    classes: int,
    trials: int,
    epochs: int,
    folder: str,
) -> float:
    """The best validation accuracy of the search."""
    tuner = keras_tuner.RandomSearch(
        Head(backbone, classes),
        objective="val_accuracy",
        max_trials=trials,
        seed=1,
        directory=folder,
        overwrite=True,
    )
    tuner.search(training, validation_data=validation, epochs=epochs, verbose=0)
    return float(tuner.oracle.get_best_trials()[0].score)


def main() -> None:
    """Search and print the best validation accuracy."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("weights")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--trials", type=int, default=30)
    given = parser.parse_args()
    training, validation = photographs(given.folder, given.size)
    classes = len(training.class_names)
    backbone = mobilenet(given.weights, given.size)
    with tempfile.TemporaryDirectory() as folder:
        best = search(training, validation, backbone, classes, given.trials, given.epochs, folder)
    print("best validation accuracy", best)


if __name__ == "__main__":
    main()
