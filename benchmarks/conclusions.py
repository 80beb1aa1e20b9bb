"""Whether heads reach what their features allow, and what choosing a setting costs.

Heads are compared with the best logistic regression on the same features, for each number of stages
removed and each number of training images. The cost of choosing is the accuracy lost against the
best setting of a pool, on images that played no part: by one validation share, and by folds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.material import Material
from benchmarks.results import Row
from scenery.classical import classifiers
from scenery.classical.classifier_scores import score_in_folds, score_share
from scenery.classical.linear_scores import inner_divisions, linear_head_fitter
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.data.folds import assign_folds
from scenery.data.packed_images import open_packed
from scenery.data.tables import partition_table
from scenery.evaluation.held_out import HeldOutData
from scenery.evaluation.scores import accuracy
from scenery.models.feature_extraction import extract, load_backbone, pooled
from scenery.pipeline.resources import cores
from scenery.study.trial_network import cut_layer
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.hardware import set_up
from scenery.training.trainers import head_trainer

CUTS = (0, 1, 2, 3)
PER_CLASS = (5, 10, 20, 50)
# Samples of so many images of each class; of few images, one says little.
SAMPLES = {5: 24, 10: 12, 20: 6, 50: 3}
STRENGTHS = tuple(10.0**half for half in np.arange(-4, 1.1, 0.5))
MARGIN = 0.010

TRAINING_SIZES = (80, 200, 400)
REPEATS = 12
SHARE = 5
FOLDS = 5


def run(material: Material) -> list[Row]:
    """Heads beside logistic regression, and the cost of choosing."""
    set_up(cores())
    with threadpool_limits(cores()):
        return [*_heads(material), *_choices(material)]


# Heads


def _heads(material: Material) -> list[Row]:
    rows = []
    for cut in CUTS if material.whole else CUTS[:1]:
        found = [_regime(material, cut, count) for count in _regimes(material)]
        worst = max(best - head for _, head, _, best in found)
        worst_epochs = max(best - head for _, _, head, best in found)
        rows.append(
            Row(
                work=f"a head without dense layers, {cut} stages removed",
                compared="the best logistic regression on the same features",
                measured=f"{worst:.3f} below it at most; trained in epochs {worst_epochs:.3f}",
                target=f"≤ {MARGIN}",
                met=bool(worst <= MARGIN),
                note="accuracies of exact head, head trained in epochs and logistic regression: "
                + "; ".join(
                    f"{name} {head:.3f}, {epochs:.3f}, {best:.3f}"
                    for name, head, epochs, best in found
                ),
            )
        )
    return rows


def _regimes(material: Material) -> list[int | None]:
    return [*PER_CLASS, None] if material.whole else [material.per_class]


def _regime(material: Material, cut: int, count: int | None) -> tuple[str, float, float, float]:
    """Mean accuracies of an exact head, a head trained in epochs, and logistic regression."""
    training, unseen = (cached_features(material, cut, parts) for parts in (("train",), OTHERS))
    samples = SAMPLES.get(count or 0, 1) if material.whole else 1
    scores = []
    for seed in range(samples):
        images = _sample(training.labels, count, seed)
        scores.append(_accuracies(material, training.of_images(images), unseen))
    exact, epochs, best = np.mean(scores, axis=0)
    return f"{count} a class" if count else "all images", exact, epochs, best


OTHERS = ("validation", "test")


def _accuracies(
    material: Material, training: LabeledFeatures, unseen: LabeledFeatures
) -> tuple[float, float, float]:
    classes = int(unseen.labels.max()) + 1
    fitter = linear_head_fitter(Settings(), training, classes)
    folds = inner_divisions(pd.DataFrame({"label": training.labels}), seed=1)
    head = fitter.fit(fitter.chosen(training.values, folds))
    exact = accuracy(head.probabilities(unseen.values), unseen.labels)
    settings = Settings(head={"solver": "epochs"}, **({} if material.whole else {"epochs": 2}))
    # Epochs are chosen on images that are not counted.
    check = unseen.of_images(np.arange(0, len(unseen.labels), 2))
    counted = unseen.of_images(np.arange(1, len(unseen.labels), 2))
    learner = head_trainer(settings, classes, training, check)
    run_epochs(learner, EpochPlan.of(settings, "head", learner.images), "", quiet=True)
    epochs = accuracy(learner.predict(counted), counted.labels)
    best = max(
        accuracy(_fitted(_logistic(strength), training, unseen), unseen.labels)
        for strength in STRENGTHS
    )
    return exact, epochs, best


def _logistic(strength: float) -> Settings:
    return Settings(classifier={"name": "logistic_regression", "C": strength})


def _fitted(settings: Settings, training: LabeledFeatures, unseen: LabeledFeatures) -> np.ndarray:
    model = classifiers.fit(settings, training)
    return classifiers.probabilities(model, unseen.values, int(unseen.labels.max()) + 1)


# The cost of choosing


@dataclass(frozen=True)
class _Regret:
    """Accuracy lost against the best setting of the pool, in one repeat."""

    share: float
    folds: float


def pool() -> list[Settings]:
    """Thirty settings of classical models."""
    options: list[dict[str, Any]] = [
        *({"name": "logistic_regression", "C": 10.0**n} for n in range(-4, 2)),
        *({"name": "svm", "kernel": "linear", "C": 10.0**n} for n in range(-4, 1)),
        *(
            {"name": "svm", "kernel": "rbf", "C": 10.0**n, "gamma": gamma}
            for n in range(-1, 3)
            for gamma in (3e-4, 1e-3, 3e-3)
        ),
        *(
            {"name": "nearest_neighbors", "n_neighbors": n, "scaling": scaling}
            for n in (1, 3, 9)
            for scaling in ("standard", "l2")
        ),
        {"name": "random_forest", "n_estimators": 100},
    ]
    return [Settings(classifier=one) for one in options]


def _choices(material: Material) -> list[Row]:
    everything = cached_features(material, 0, ("train", *OTHERS))
    settings = pool() if material.whole else pool()[:12:6]
    sizes = TRAINING_SIZES if material.whole else (len(everything.labels) // 2,)
    repeats = REPEATS if material.whole else 1
    rows = []
    for size in sizes:
        found = [_one_choice(everything, settings, size, seed) for seed in range(repeats)]
        share, folds = ([getattr(one, name) for one in found] for name in ("share", "folds"))
        rows.append(
            Row(
                work=f"accuracy lost by choosing among {len(settings)} settings, "
                f"{size} training images",
                compared="one validation share of 20 %",
                measured=f"{FOLDS} folds: {_spread(folds)}; share: {_spread(share)}",
                target="less than the share",
                met=bool(np.mean(folds) <= np.mean(share)),
                note=f"against the best of them; {repeats} repeats, each scored on "
                f"{len(everything.labels) - size} other images",
            )
        )
    return rows


def _spread(regrets: list[float]) -> str:
    return f"{np.mean(regrets):.3f} on average, {np.quantile(regrets, 0.9):.3f} in the worst tenth"


def _one_choice(
    everything: LabeledFeatures, settings: list[Settings], size: int, seed: int
) -> _Regret:
    classes = int(everything.labels.max()) + 1
    images = _sample(everything.labels, size // classes, seed)
    others = np.setdiff1d(np.arange(len(everything.labels)), images)
    training, unseen = everything.of_images(images), everything.of_images(others)
    of_share = assign_folds(training.labels, images, SHARE, seed) == 0
    table = pd.DataFrame({"label": training.labels})
    folds = assign_folds(training.labels, images, FOLDS, seed)
    data = HeldOutData(training, training, table, folds[None])
    by_share, by_folds, final = [], [], []
    for one in settings:
        learned, held = (training.of_images(np.flatnonzero(x)) for x in (~of_share, of_share))
        share = score_share(one, learned, np.arange(len(learned.labels)), held, classes)
        in_folds = score_in_folds(one, data, classes)
        by_share.append((share.validation_accuracy, -share.validation_loss))
        by_folds.append((in_folds.validation_accuracy, -in_folds.validation_loss))
        predicted = _fitted(one, training, unseen)
        final.append(accuracy(predicted, unseen.labels))
    chosen = [max(range(len(settings)), key=scores.__getitem__) for scores in (by_share, by_folds)]
    return _Regret(*(max(final) - final[place] for place in chosen))


# Features


def cached_features(material: Material, cut: int, partitions: tuple[str, ...]) -> LabeledFeatures:
    """Features of partitions with so many stages removed; extracted once."""
    found = [_of_partition(material, cut, partition) for partition in partitions]
    joined = found[0]
    for one in found[1:]:
        joined = joined.joined_with(one)
    return joined


def _of_partition(material: Material, cut: int, partition: str) -> LabeledFeatures:
    """Features of a partition; extracted once for each cut."""
    layer = cut_layer(Settings(**material.base(), remove_stages=cut))
    path = material.folder / f"conclusions_{layer}_{partition}.npy"
    images = open_packed(_packed(material, partition), partition_table(material.split, partition))
    if not path.exists():
        weights = None if material.weights == "none" else material.weights
        backbone = load_backbone("MobileNet", material.size, layer, weights, seed=1)
        extract(pooled(backbone, "average"), images, path, batch=32)
    return LabeledFeatures(np.load(path), images.labels)


def _packed(material: Material, partition: str) -> str:
    array = material.packed / partition / f"{material.size}.npy"
    if not array.exists():
        material.run(material.snakemake(str(array.relative_to(material.folder))))
    return str(array)


def _sample(labels: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """Numbers of so many images of each class; None: all of them."""
    if count is None:
        return np.arange(len(labels))
    generator = np.random.default_rng(seed)
    of_classes = (np.flatnonzero(labels == label) for label in np.unique(labels))
    return np.sort(np.concatenate([generator.permutation(one)[:count] for one in of_classes]))
