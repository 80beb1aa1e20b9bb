"""The error of validation scores and of corrected scores against test accuracy, over re-splits.

In each re-split, some photographs are training and validation images, and all others are test
images. A pool of trials is scored on the validation images, or by out-of-fold predictions of 5
folds. The best trial is chosen, and its score and its corrected score are compared with its
accuracy on the test images.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, train_test_split

from benchmarks.material import Material
from benchmarks.results import Row
from scenery.classical import classifiers
from scenery.config.settings import Settings
from scenery.config.study import Choose
from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.tables import partition_table
from scenery.evaluation.selection_table import selection_table
from scenery.training.hardware import set_up
from scenery.training.head_training import HeadTrainer

RESPLITS, FOLDS = 20, 5
IMAGES, VALIDATION = 300, 0.33
TARGET = 0.01
POOL = [
    *({"name": "svm", "kernel": "rbf", "C": c, "gamma": g} for c in (1, 10) for g in (1e-4, 1e-3)),
    *({"name": "svm", "kernel": "linear", "C": c} for c in (1e-3, 1e-2, 1.0)),
    *({"name": "logistic_regression", "C": c} for c in (1e-3, 1e-2, 0.1, 1.0)),
    *({"name": "nearest_neighbors", "n_neighbors": n} for n in (1, 3, 5, 9)),
    *({"name": "random_forest", "n_estimators": n} for n in (20, 50)),
]
HEADS = [
    {"optimizer": {"learning_rate": rate}, "head": {"dropout": dropout}}
    for rate in (3e-4, 1e-3, 3e-3)
    for dropout in (0.0, 0.5)
]


def run(material: Material) -> list[Row]:
    """The mean errors, for classical models and for heads."""
    set_up(1)
    photographs = _photographs(material)
    # Of the tiny material a few trials show that the benchmark runs.
    short = material.rounds == 1
    step, resplits = (5, 2) if short else (1, RESPLITS)
    epochs = material.epochs
    classical = [Settings.model_validate({"classifier": one}) for one in POOL[::step]]
    heads = [Settings.model_validate({**one, "epochs": epochs}) for one in HEADS[::step]]
    return [
        _row(f"{len(classical)} classical models, validation share",
             [_shared(photographs, classical, seed) for seed in range(resplits)]),
        _row(f"{len(classical)} classical models, {FOLDS} folds",
             [_folded(photographs, classical, seed) for seed in range(resplits)]),
        _row(f"{len(heads)} heads of {epochs} epochs, validation share",
             [_shared(photographs, heads, seed) for seed in range(resplits)]),
    ]  # fmt: skip


def _row(work: str, errors: Sequence[tuple[float, float]]) -> Row:
    score, corrected = np.mean(errors, axis=0)
    spread = np.std(errors, axis=0)
    return Row(
        work=f"best of {work}: mean error against test",
        compared=f"the score as it is, {len(errors)} re-splits",
        measured=f"{corrected:+.4f} corrected, {score:+.4f} as it is",
        target=f"at most {TARGET}",
        met=bool(abs(corrected) <= TARGET),
        note=f"standard deviation over re-splits {spread[1]:.3f} and {spread[0]:.3f}",
    )


def _photographs(material: Material) -> LabeledFeatures:
    """Features of all photographs of the study `search` but those of the test."""
    material.split  # noqa: B018 - packs the images where that is not done
    material.run(material.snakemake("results/search/experiments/search/chosen.yaml"))
    stem = next((material.results / "features").glob("*"))
    parts = [
        read_features(stem / f"{part}.npy", stem / f"{part}.json",
                      partition_table(material.split, part))
        for part in ("train", "validation")
    ]  # fmt: skip
    return parts[0].joined_with(parts[1])


def _some(photographs: LabeledFeatures, rows: np.ndarray) -> LabeledFeatures:
    return LabeledFeatures(photographs.values[rows], photographs.labels[rows], photographs.views)


def _division(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the images of a study, and of its test images."""
    size = min(IMAGES, len(labels) // 2)
    rows = np.arange(len(labels))
    study, test = train_test_split(rows, train_size=size, stratify=labels, random_state=seed)
    return study, test


def _answers(
    settings: Settings, training: LabeledFeatures, others: Sequence[LabeledFeatures]
) -> tuple[list[np.ndarray], list[float]]:
    """Predictions of a trial of other images (the first of them validate), and its curve."""
    classes = int(training.labels.max()) + 1
    if settings.classifier is not None:
        model = classifiers.fit(settings, training)
        found = [classifiers.probabilities(model, one.values, classes) for one in others]
        return [one.argmax(axis=1) for one in found], []
    trainer = HeadTrainer(settings, classes, training, others[0])
    curve: list[float] = []
    best: list[np.ndarray] = []
    for epoch in range(1, settings.epochs + 1):
        trainer.train_epoch(epoch, settings.optimizer.learning_rate)
        found = [np.asarray(trainer.model.predict_on_batch(one.values)) for one in others]
        curve.append(float((found[0].argmax(axis=1) == others[0].labels).mean()))
        if curve[-1] == max(curve) and curve.count(curve[-1]) == 1:
            best = [one.argmax(axis=1) for one in found]
    return best, curve


def _shared(
    photographs: LabeledFeatures, pool: Sequence[Settings], seed: int
) -> tuple[float, float]:
    """Errors of the score and of the corrected score of the best trial of one re-split."""
    study, test = _division(photographs.labels, seed)
    train, validation = train_test_split(
        study, test_size=VALIDATION, stratify=photographs.labels[study], random_state=seed
    )
    others = [_some(photographs, validation), _some(photographs, test)]
    answers, tests, curves = [], [], []
    for settings in pool:
        found, curve = _answers(settings, _some(photographs, train), others)
        answers.append(found[0])
        tests.append(float((found[1] == others[1].labels).mean()))
        curves.append(curve)
    return _errors(np.array(answers), others[0].labels, None, np.array(tests), curves)


def _folded(
    photographs: LabeledFeatures, pool: Sequence[Settings], seed: int
) -> tuple[float, float]:
    """The same with folds; the test accuracy is the mean over the models of the folds."""
    study, test = _division(photographs.labels, seed)
    labels = photographs.labels[study]
    answers = np.empty((len(pool), len(study)), dtype=int)
    fold, tests = np.empty(len(study), dtype=int), np.zeros(len(pool))
    division = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(study, labels)
    for number, (inside, outside) in enumerate(division):
        others = [_some(photographs, study[outside]), _some(photographs, test)]
        fold[outside] = number
        for place, settings in enumerate(pool):
            found, _ = _answers(settings, _some(photographs, study[inside]), others)
            answers[place, outside] = found[0]
            tests[place] += float((found[1] == others[1].labels).mean()) / FOLDS
    return _errors(answers, labels, fold, tests, [[] for _ in pool])


def _errors(
    answers: np.ndarray,
    labels: np.ndarray,
    fold: np.ndarray | None,
    tests: np.ndarray,
    curves: Sequence[Sequence[float]],
) -> tuple[float, float]:
    scores = (answers == labels).mean(axis=1)
    best = int(scores.argmax())
    names = [str(number) for number in range(len(answers))]
    trials = pd.DataFrame(
        {
            "trial": names, "setting": names, "repeat": 0, "status": "completed",
            "candidate": True, "chosen": np.arange(len(names)) == best,
            "validation_accuracy": scores, "validation_loss": 0.0, "parameters": 1,
        }
    )  # fmt: skip
    predictions = pd.concat(
        pd.DataFrame(
            {"trial": name, "file": np.arange(len(labels)).astype(str), "class": labels,
             "predicted": row, "fold": 0 if fold is None else fold}
        )
        for name, row in zip(names, answers, strict=True)
    )  # fmt: skip
    history = pd.DataFrame(
        [
            {"trial": name, "step": "head", "epoch": epoch, "validation_accuracy": value}
            for name, curve in zip(names, curves, strict=True)
            for epoch, value in enumerate(curve, start=1)
        ],
        columns=["trial", "step", "epoch", "validation_accuracy"],
    )
    table = selection_table(trials, history, predictions, None, Choose())
    corrected = float(table["corrected_accuracy"].dropna().iloc[0])
    return float(scores[best] - tests[best]), corrected - float(tests[best])
