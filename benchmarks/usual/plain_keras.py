"""The usual script: one trial with random settings. A shell loop runs it once per trial.

for trial in $(seq 30); do python plain_keras.py FOLDER WEIGHTS --seed $trial; done
"""

import argparse
import random

from photographs import BATCH_SIZES, OPTIMIZERS, classifier, mobilenet, photographs


def main() -> None:
    """Train one trial and print its best validation accuracy."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--epochs", type=int, default=50)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    training, validation = photographs(given.folder, given.size)
    batch = chance.choice(BATCH_SIZES)
    model = classifier(
        mobilenet(given.weights, given.size),
        classes=len(training.class_names),
        optimizer=chance.choice(OPTIMIZERS),
        rate=10 ** chance.uniform(-5, -1),
        dropout=chance.uniform(0, 0.8),
        l2=10 ** chance.uniform(-6, -2),
    )
    history = model.fit(
        training.batch(batch).prefetch(2),
        validation_data=validation.batch(32).prefetch(2),
        epochs=given.epochs,
        verbose=2,
    )
    print("best validation accuracy", max(history.history["val_accuracy"]))


if __name__ == "__main__":
    main()
