"""Whether the data and the numbers of a study can be trusted.

All of it uses features that are computed once: what other divisions of the images say, planted
label errors, rare classes, probabilities, and the forecast for more images.
"""

import time
from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from benchmarks.conclusions import cached_features, pool
from benchmarks.material import Material
from benchmarks.results import Row
from scenery.classical import classifiers
from scenery.classical.classifier_scores import score_in_folds
from scenery.classical.held_out_labels import predict_held_out
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.data.folds import assign_folds
from scenery.evaluation.calibration import calibrate, calibration_on_test
from scenery.evaluation.costs import costs_of
from scenery.evaluation.held_out import HeldOutData
from scenery.evaluation.label_errors import suspect_table
from scenery.evaluation.learning_curve import forecast
from scenery.evaluation.scores import accuracy

FOLDS = 5
TEST = 0.3
DIVISIONS = 20
LIMIT_SECONDS = 600
CORES = 2

FLIPPED = 0.03
FLIP_DRAWS = 10
PRECISION = 0.9

RARE, COMMON, RATIO = 16, 800, 50
COST_SEEDS = 10

COVERAGE, COVERAGE_MARGIN = 0.95, 0.02
CALIBRATION_DRAWS = 10
TEST_IMAGES = 800

SIZES, TARGET_SIZE = (10, 20, 40), 80
FORECAST_DRAWS, FORECAST_REPEATS = 20, 2
FORECAST_ERROR, FORECAST_SHARE = 0.015, 0.8


def run(material: Material) -> list[Row]:
    """One row for each question."""
    images = cached_features(material, 0, ("train", "validation", "test"))
    # As jobs do, so that processor seconds are counted once.
    with threadpool_limits(1):
        return [
            _divisions(material, images),
            _labels(material, images),
            _rare_classes(material, images),
            *_probabilities(material, images),
            _forecast(material, images),
        ]


def _folded(images: LabeledFeatures, seed: int) -> HeldOutData:
    labels = images.labels
    folds = assign_folds(labels, np.arange(len(labels)), FOLDS, seed)
    return HeldOutData(images, images, pd.DataFrame({"label": labels}), folds[None])


def _parts(
    images: LabeledFeatures, test: float, seed: int
) -> tuple[LabeledFeatures, LabeledFeatures]:
    """Training and test images, in shares of each class."""
    parts = round(1 / min(test, 1 - test))
    folds = assign_folds(images.labels, np.arange(len(images.labels)), parts, seed)
    part = folds == 0 if test <= 1 / 2 else folds > 0
    return images.of_images(np.flatnonzero(~part)), images.of_images(np.flatnonzero(part))


def _predicted(settings: Settings, train: LabeledFeatures, test: LabeledFeatures) -> np.ndarray:
    model = classifiers.fit(settings, train)
    return classifiers.probabilities(model, test.values, int(test.labels.max()) + 1)


def _logistic(strength: float, **more: str) -> Settings:
    options = {"name": "logistic_regression", "C": strength}
    return Settings.model_validate({"classifier": options, **more})


# Would another split say the same?


def _divisions(material: Material, images: LabeledFeatures) -> Row:
    settings = pool() if material.whole else pool()[:12:6]
    seeds = range(DIVISIONS if material.whole else CORES)
    started = time.perf_counter()
    # A division is a job of its own in a study, too.
    with threadpool_limits(1):
        found = Parallel(n_jobs=CORES, batch_size=1)(
            delayed(_chosen_in_division)(settings, images, seed) for seed in seeds
        )
    seconds = time.perf_counter() - started
    chosen, accuracies = zip(*found, strict=True)
    return Row(
        work=f"{len(settings)} settings in {len(seeds)} divisions into training and test images",
        compared="",
        measured=f"{seconds:.0f} s on {CORES} processor cores",
        target=f"≤ {LIMIT_SECONDS} s",
        met=bool(seconds <= LIMIT_SECONDS),
        note=f"{len(images.labels)} images with cached features; {len(set(chosen))} settings "
        f"chosen; mean test accuracy {np.mean(accuracies):.3f}",
    )


def _chosen_in_division(
    settings: list[Settings], images: LabeledFeatures, seed: int
) -> tuple[int, float]:
    """The best of some settings in one division, and its test accuracy."""
    train, test = _parts(images, TEST, seed)
    data = _folded(train, seed)
    classes = int(images.labels.max()) + 1
    scores = [score_in_folds(one, data, classes) for one in settings]
    best = max(
        range(len(settings)),
        key=lambda n: (scores[n].validation_accuracy, -scores[n].validation_loss),
    )
    return best, accuracy(_predicted(settings[best], train, test), test.labels)


# Are my labels right?


def _labels(material: Material, images: LabeledFeatures) -> Row:
    draws = FLIP_DRAWS if material.whole else 1
    started, found = time.process_time(), []
    for seed in range(draws):
        flipped, places = _flip(images.labels, seed)
        wrong = LabeledFeatures(images.values, flipped)
        table = pd.DataFrame(
            {"file": np.arange(len(flipped)).astype(str), "class": flipped.astype(str),
             "label": flipped}
        )  # fmt: skip
        classes = [str(label) for label in range(int(images.labels.max()) + 1)]
        suspects = suspect_table(
            table, predict_held_out(wrong, table, len(classes)), images.values, classes
        )
        first = suspects["file"].head(len(places)).astype(int)
        found.append(float(np.isin(first, places).mean()))
    seconds = (time.process_time() - started) / draws
    return Row(
        work=f"planted label errors, {FLIPPED:.0%} of {len(images.labels)} images",
        compared="as many of the least probable labels",
        measured=f"precision {min(found):.2f} at least, {np.mean(found):.2f} on average",
        target=f"≥ {PRECISION}",
        met=bool(np.mean(found) >= PRECISION),
        note=f"{draws} draws; {seconds:.0f} processor seconds each",
    )


def _flip(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    places = random.choice(len(labels), max(1, round(FLIPPED * len(labels))), replace=False)
    classes = int(labels.max()) + 1
    flipped = labels.copy()
    flipped[places] = (flipped[places] + random.integers(1, classes, len(places))) % classes
    return flipped, places


# Rare classes


def _rare_classes(material: Material, images: LabeledFeatures) -> Row:
    """One class against all others: a choice by cost and one by accuracy, on the same images."""
    settings = [
        _logistic(strength, class_weights=weights)
        for strength, weights in product((1e-3, 1e-1), ("none", "balanced"))
    ]
    by_cost: list[float] = []
    by_accuracy: list[float] = []
    for seed in range(COST_SEEDS if material.whole else 1):
        train, test = _rare(material, images, seed)
        scores = []
        for one in settings:
            answers = score_in_folds(one, _folded(train, seed), 2).held_out[0].argmax(axis=1)
            scores.append((_cost(train.labels, answers), -float((answers == train.labels).mean())))
        for chosen, place in ((by_cost, 0), (by_accuracy, 1)):
            ranked = [score[place] for score in scores]
            best = ranked.index(min(ranked))
            answers = _predicted(settings[best], train, test).argmax(axis=1)
            chosen.append(_cost(test.labels, answers))
    gains = np.array(by_accuracy) - np.array(by_cost)
    return Row(
        work=f"test cost of the setting chosen by cost, classes {RATIO}:1",
        compared="the setting chosen by accuracy",
        measured=f"{np.mean(by_cost):.3f} against {np.mean(by_accuracy):.3f}",
        target="lower",
        met=bool(gains.mean() > 0) if material.whole else None,
        note=f"a missed rare image costs {RATIO}; {len(gains)} seeds, of which "
        f"{int((gains > 0).sum())} are better, {int((gains == 0).sum())} equal and "
        f"{int((gains < 0).sum())} worse; {len(settings)} settings",
    )


def _cost(true: np.ndarray, answers: np.ndarray) -> float:
    costs = {"1": {"0": float(RATIO)}}
    return float(costs_of(list(map(str, true)), list(map(str, answers)), costs).mean())


def _rare(
    material: Material, images: LabeledFeatures, seed: int
) -> tuple[LabeledFeatures, LabeledFeatures]:
    """Class seed against the others: few training images of it, and the rest as test images."""
    random = np.random.default_rng(seed)
    rare_label = seed % (int(images.labels.max()) + 1)
    labels = (images.labels == rare_label).astype(np.int64)
    rare, common = (random.permutation(np.flatnonzero(labels == n)) for n in (1, 0))
    counts = (RARE, COMMON) if material.whole else (len(rare) // 2, len(common) // 2)
    train = np.concatenate([rare[: counts[0]], common[: counts[1]]])
    test = np.concatenate([rare[counts[0] :], common[counts[1] :]])
    both = LabeledFeatures(images.values, labels)
    return both.of_images(train), both.of_images(test)


# Probabilities that mean something


def _probabilities(material: Material, images: LabeledFeatures) -> list[Row]:
    one, classes = _logistic(1.0), int(images.labels.max()) + 1
    draws = CALIBRATION_DRAWS if material.whole else 1
    found = []
    share = TEST_IMAGES / len(images.labels) if material.whole else TEST
    for seed in range(draws):
        train, test = _parts(images, share, seed)
        learned = calibrate(score_in_folds(one, _folded(train, seed), classes).held_out,
                            train.labels)  # fmt: skip
        assert learned is not None
        probabilities = _predicted(one, train, test)
        found.append(
            calibration_on_test(
                probabilities, test.labels, learned.temperature, learned.set_probability
            )
        )
    table = pd.DataFrame(found).astype(float)
    before, after = table["calibration_error"].mean(), table["calibration_error_scaled"].mean()
    covered = table["set_coverage"].fillna(1.0)
    worst = float((covered - COVERAGE).abs().max())
    note = f"{draws} divisions, logistic regression, {len(test.labels)} test images"
    return [
        Row(
            work="expected calibration error on test images with the temperature",
            compared="without it",
            measured=f"{after:.3f} against {before:.3f}",
            target="lower",
            met=bool(after < before) if material.whole else None,
            note=note,
        ),
        Row(
            work=f"coverage of prediction sets at a nominal {COVERAGE}",
            compared="",
            measured=f"{covered.min():.3f} to {covered.max():.3f}",
            target=f"within {COVERAGE_MARGIN}",
            met=bool(worst <= COVERAGE_MARGIN) if material.whole else None,
            note=f"{note}; {table['set_size'].fillna(classes).mean():.2f} classes in a set",
        ),
    ]


# Do I need more photographs?


def _forecast(material: Material, images: LabeledFeatures) -> Row:
    sizes, target = (SIZES, TARGET_SIZE) if material.whole else ((2, 4, 6), 8)
    errors = []
    for seed in range(FORECAST_DRAWS if material.whole else 1):
        rest, test = _parts(images, TEST, seed)
        runs = [
            (size, _accuracy_at(rest, test, size, [seed, repeat]))
            for size in sizes
            for repeat in range(FORECAST_REPEATS)
        ]
        known = np.array(runs)
        (found,) = forecast(known[:, 0], known[:, 1], len(test.labels), np.array([target]), 2)
        reached = np.mean([_accuracy_at(rest, test, target, [seed, r, 1]) for r in range(2)])
        errors.append(found.accuracy - float(reached))
    close = np.abs(errors) <= FORECAST_ERROR
    return Row(
        work=f"forecast of the accuracy at {target} images of each class from "
        f"{', '.join(map(str, sizes))}",
        compared="the accuracy reached",
        measured=f"within {100 * FORECAST_ERROR:.1f} points in {close.sum()} of {len(errors)} "
        "draws",
        target=f"{FORECAST_SHARE:.0%}",
        met=bool(close.mean() >= FORECAST_SHARE) if material.whole else None,
        note=f"mean error {100 * np.mean(errors):+.1f} points",
    )


def _accuracy_at(
    rest: LabeledFeatures, test: LabeledFeatures, size: int, seed: Sequence[int]
) -> float:
    random = np.random.default_rng(seed)
    of_classes = (np.flatnonzero(rest.labels == label) for label in np.unique(rest.labels))
    some = np.concatenate([random.permutation(one)[:size] for one in of_classes])
    return accuracy(_predicted(_logistic(0.01), rest.of_images(some), test), test.labels)
