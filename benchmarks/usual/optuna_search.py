"""The same search with Optuna and its default sampler."""

import argparse

import keras
import optuna
import tensorflow as tf
from photographs import BATCH_SIZES, OPTIMIZERS, classifier, mobilenet, photographs


def search(
    training: tf.data.Dataset,
    validation: tf.data.Dataset,
    backbone: keras.Model,
    classes: int,
    trials: int,
    epochs: int,
) -> float:
    """The best validation accuracy of the search."""

    def objective(trial: optuna.Trial) -> float:
        keras.backend.clear_session()
        batch = trial.suggest_categorical("batch", BATCH_SIZES)
        model = classifier(
            backbone,
            classes,
            optimizer=trial.suggest_categorical("optimizer", OPTIMIZERS),
            rate=trial.suggest_float("rate", 1e-5, 1e-1, log=True),
            dropout=trial.suggest_float("dropout", 0, 0.8),
            l2=trial.suggest_float("l2", 1e-6, 1e-2, log=True),
        )
        history = model.fit(
            training.batch(batch).prefetch(2),
            validation_data=validation.batch(32).prefetch(2),
            epochs=epochs,
            verbose=0,
        )
        return float(max(history.history["val_accuracy"]))

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(objective, n_trials=trials)
    return float(study.best_value)


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
    best = search(training, validation, backbone, classes, given.trials, given.epochs)
    print("best validation accuracy", best)


if __name__ == "__main__":
    main()
