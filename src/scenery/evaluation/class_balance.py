"""Measures that count every class the same, however few images it has."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenery.data.image_listing import named
from scenery.evaluation.paired import accuracy_interval
from scenery.study.selection import BALANCED, MACRO_F1

# A largest class above this many times the smallest one makes accuracy a poor rule of choice.
MAX_IMBALANCE = 5
# Missed classes that a table names.
MAX_NAMED = 10
DRAWS = 1000


def balanced_measures(
    true: NDArray[np.intp], predicted: NDArray[np.intp], weights: NDArray[np.float64] | None = None
) -> tuple[float, float]:
    """Balanced accuracy and macro F1, as scikit-learn defines them.

    Balanced accuracy is the mean recall of the classes that are there; macro F1 is the mean F1 of
    the classes that are there or predicted.

    Args:
        true: Shape (images,), numbers of the true classes.
        predicted: The same of the predicted ones.
        weights: Shape (images,), how often each image counts; None: once.
    """
    size = int(max(true.max(), predicted.max())) + 1
    each = np.ones(len(true)) if weights is None else weights
    there = np.bincount(true, each, size)
    claimed = np.bincount(predicted, each, size)
    right = np.bincount(true, each * (true == predicted), size)
    recalls = right[there > 0] / there[there > 0]
    any_of = there + claimed > 0
    f1 = 2 * right[any_of] / (there + claimed)[any_of]
    return float(recalls.mean()), float(f1.mean())


def precision_measures(true: NDArray[np.intp], predicted: NDArray[np.intp]) -> tuple[float, float]:
    """Macro and weighted precision, as scikit-learn defines them.

    The precision of a class that is never predicted is 0. The macro precision is the mean over the
    classes that are there or predicted; the weighted one counts each class by its images. The macro
    recall is the balanced accuracy, and the weighted recall is the accuracy.

    Args:
        true: Shape (images,), numbers of the true classes.
        predicted: The same of the predicted ones.
    """
    size = int(max(true.max(), predicted.max())) + 1
    there, claimed = np.bincount(true, minlength=size), np.bincount(predicted, minlength=size)
    right = np.bincount(true[true == predicted], minlength=size)
    precisions = np.divide(right, claimed, out=np.zeros(size), where=claimed > 0)
    macro = precisions[there + claimed > 0].mean()
    return float(macro), float((precisions * there).sum() / there.sum())


def balanced_intervals(
    true: Sequence[str],
    predicted: Sequence[str],
    groups: NDArray[Any] | None = None,
    draws: int = DRAWS,
) -> dict[str, float]:
    """Balanced accuracy and macro F1 of one model; see `balanced_intervals_of_models`."""
    return balanced_intervals_of_models(true, [predicted], groups, draws)


def balanced_intervals_of_models(
    true: Sequence[str],
    predicted: Sequence[Sequence[str]],
    groups: NDArray[Any] | None = None,
    draws: int = DRAWS,
) -> dict[str, float]:
    """Balanced accuracy and macro F1 with 95 % bootstrap percentile intervals (Efron 1979).

    Means over models. A draw has other models and other images. Images are drawn within their
    class, so that each draw has as many of a rare class as the test.

    Args:
        true: True class of each image.
        predicted: Of each model the predicted class of each image.
        groups: Shape (images,): images of one group are not independent and are drawn together,
            within the class of their first image; None: all are independent.
        draws: Number of draws of groups, with replacement and seed 0.

    Returns:
        balanced_accuracy, balanced_accuracy_low, balanced_accuracy_high, and the same of macro_f1.
    """
    numbers = _class_numbers(true, [name for one in predicted for name in one])
    truth, answers = numbers[0], numbers[1].reshape(len(predicted), -1)
    labels = np.arange(len(truth)) if groups is None else np.asarray(groups)
    _, first, members = np.unique(labels, return_index=True, return_inverse=True)
    # The groups of a class stand together, from `start` on.
    by_class = np.argsort(truth[first], kind="stable")
    _, start, place, sizes = np.unique(
        truth[first][by_class], return_index=True, return_inverse=True, return_counts=True
    )
    random = np.random.default_rng(0)
    found = np.empty((draws, 2))
    for draw in range(draws):
        chosen = start[place] + (random.random(len(place)) * sizes[place]).astype(np.int64)
        times = np.bincount(by_class[chosen], minlength=len(first))[members].astype(float)
        models = random.integers(0, len(answers), len(answers)) if len(answers) > 1 else [0]
        found[draw] = np.mean([balanced_measures(truth, answers[n], times) for n in models], axis=0)
    low, high = np.percentile(found, [2.5, 97.5], axis=0)
    values = np.mean([balanced_measures(truth, one) for one in answers], axis=0)
    return {
        f"{name}{end}": float(numbers[place])
        for place, name in enumerate((BALANCED, MACRO_F1))
        for end, numbers in (("", values), ("_low", low), ("_high", high))
    }


def recall_intervals(
    true: NDArray[Any], correct: NDArray[np.bool_], classes: Sequence[str], groups: Any = None
) -> tuple[list[float], list[float]]:
    """Lower and upper ends of the 95 % intervals of the recall of each class.

    Args:
        true: Shape (images,), names of the true classes.
        correct: Shape (images,), whether the prediction is right.
        classes: The classes; one without images has the ends 0 and 1.
        groups: Shape (images,), groups of images that are not independent; None: all are.
    """
    ends = []
    for name in classes:
        rows = np.flatnonzero(true == name)
        if not len(rows):
            ends.append((0.0, 1.0))
            continue
        own = None if groups is None else np.asarray(groups)[rows]
        ends.append(accuracy_interval(correct[rows].astype(float)[None], own))
    return [low for low, _ in ends], [high for _, high in ends]


def _class_numbers(
    true: Sequence[str], predicted: Sequence[str]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Numbers of the true and of the predicted classes, which share their numbering."""
    codes = np.unique([*true, *predicted], return_inverse=True)[1]
    return codes[: len(true)], codes[len(true) :]


def validation_measures(predictions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The columns of metrics.csv that a trial's predictions give.

    Args:
        predictions: Rows of predictions.csv of one trial; none for a trial without a result.
    """
    names = ("validation_balanced_accuracy", "validation_macro_f1", "validation_macro_precision",
             "validation_weighted_precision", "classes_missed", "missed_classes")  # fmt: skip
    if not predictions:
        return dict.fromkeys(names)
    true, predicted = ([str(row[name]) for row in predictions] for name in ("class", "predicted"))
    numbers = _class_numbers(true, predicted)
    measures = (*balanced_measures(*numbers), *precision_measures(*numbers))
    found = {one for one, other in zip(true, predicted, strict=True) if one == other}
    missed = sorted(set(true) - found)
    values = (*measures, len(missed), json.dumps(missed[:MAX_NAMED], ensure_ascii=False))
    return dict(zip(names, values, strict=True))


def balance_warning(
    experiment: str, by: str, missed: int, names: Sequence[str], images: Mapping[str, int]
) -> str:
    """Say in one line that a choice does little for rare classes; empty where there is no need.

    Args:
        experiment: Name of the experiment.
        by: The measure that chooses, the value of `choose.by`.
        missed: Number of classes with recall 0 in the chosen trial.
        names: Some of them.
        images: Training images of each class.
    """
    facts = []
    if missed:
        rest = f" and {missed - len(names)} more" if missed > len(names) else ""
        facts.append(
            "the chosen setting recognizes no validation image of "
            f"{named([repr(name) for name in names], MAX_NAMED)}{rest}"
        )
    least, most = min(images, key=images.__getitem__), max(images, key=images.__getitem__)
    by_accuracy = by == "validation_accuracy"
    if by_accuracy and images[most] > MAX_IMBALANCE * images[least]:
        facts.append(
            f"{most!r} has {images[most]} training images and {least!r} has {images[least]}, and "
            "accuracy hardly counts rare classes"
        )
    if not facts:
        return ""
    advice = "class_weights: balanced"
    if by not in (BALANCED, MACRO_F1):
        advice = f"experiments.{experiment}.choose.by: {BALANCED} (or {MACRO_F1}), and {advice}"
    return f"experiment {experiment}: {'; '.join(facts)}; consider {advice}"
