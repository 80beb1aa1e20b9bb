"""Measures that count every class the same, against scikit-learn."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import (
    balanced_accuracy_score,
    f1_score,
    precision_score,
    top_k_accuracy_score,
)

from scenery.evaluation.class_balance import (
    balance_warning,
    balanced_intervals,
    balanced_measures,
    precision_measures,
    validation_measures,
)
from scenery.evaluation.scores import top_accuracy


def answers(seed: int, images: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Unbalanced classes, and answers that are right half the time; some classes are missing."""
    random = np.random.default_rng(seed)
    true = np.minimum(random.geometric(0.4, images), classes) - 1
    predicted = np.where(random.random(images) < 0.5, true, random.integers(0, classes, images))
    return true, predicted


@pytest.mark.parametrize("seed", range(20))
def test_balanced_measures_equal_those_of_scikit_learn(seed: int) -> None:
    true, predicted = answers(seed, 30 + seed, 2 + seed)
    weights = np.random.default_rng(seed).integers(0, 4, len(true)).astype(float)
    for each in (None, weights):
        kept = np.ones(len(true), bool) if each is None else each > 0
        sample = None if each is None else each[kept]
        with warnings.catch_warnings():
            # Of classes that only the predictions have.
            warnings.simplefilter("ignore")
            expected = (
                balanced_accuracy_score(true[kept], predicted[kept], sample_weight=sample),
                f1_score(true[kept], predicted[kept], average="macro", sample_weight=sample,
                         zero_division=0.0),
            )  # fmt: skip
        assert balanced_measures(true, predicted, each) == pytest.approx(expected, abs=1e-12)


def test_balanced_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    covered = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        true = np.repeat([0, 1], [180, 60])
        right = random.random(240) < np.where(true == 0, 0.9, 0.6)
        predicted = np.where(right, true, 1 - true)
        found = balanced_intervals(list(map(str, true)), list(map(str, predicted)), draws=200)
        covered.append(found["balanced_accuracy_low"] <= 0.75 <= found["balanced_accuracy_high"])
    assert 0.89 < np.mean(covered) < 0.99


def test_balanced_intervals_of_groups_are_wider() -> None:
    random = np.random.default_rng(3)
    true = np.repeat(np.tile([0, 1], 20), 10)
    right = np.repeat(random.random(40) < 0.8, 10)
    names, groups = [str(label) for label in true], np.repeat(np.arange(40), 10)
    predicted = [str(label) for label in np.where(right, true, 1 - true)]
    alone, together = (balanced_intervals(names, predicted, g) for g in (None, groups))
    assert alone["balanced_accuracy"] == together["balanced_accuracy"]
    widths = [one["macro_f1_high"] - one["macro_f1_low"] for one in (alone, together)]
    assert widths[1] > 2 * widths[0]


@pytest.mark.parametrize("seed", range(5))
def test_precision_measures_are_those_of_scikit_learn(seed: int) -> None:
    true, predicted = answers(seed, 40, 6)
    expected = [
        precision_score(true, predicted, average=average, zero_division=0)
        for average in ("macro", "weighted")
    ]
    assert precision_measures(true, predicted) == pytest.approx(expected)


def test_top_accuracy_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(0)
    probabilities, labels = random.dirichlet(np.ones(8), 50), random.integers(0, 8, 50)
    for count in (1, 2, 5):
        expected = top_k_accuracy_score(labels, probabilities, k=count, labels=range(8))
        assert top_accuracy(probabilities, labels, count) == pytest.approx(expected)
    # Equal probabilities of all classes are no knowledge.
    assert top_accuracy(np.full((4, 8), 1 / 8), np.array([0, 1, 6, 7]), 2) == 0


def test_validation_measures_name_classes_that_are_never_recognized() -> None:
    names = [f"class {number:02d}" for number in range(12)]
    rows = [{"class": name, "predicted": "common"} for name in names]
    rows += [{"class": "common", "predicted": "common"}]
    found = validation_measures(rows)
    assert found["classes_missed"] == 12
    assert found["missed_classes"].startswith('["class 00", "class 01"')
    assert found["missed_classes"].count("class") == 10
    assert found["validation_balanced_accuracy"] == pytest.approx(1 / 13)
    assert set(validation_measures([]).values()) == {None}
    assert validation_measures([]).keys() == found.keys()


@pytest.mark.parametrize(
    ("by", "missed", "rare", "expected"),
    [
        ("validation_accuracy", [], 20, ""),
        ("validation_accuracy", [], 19, "'b' has 100 training images and 'a' has 19, and accuracy"),
        ("validation_loss", [], 1, ""),
        ("balanced_accuracy", [], 1, ""),
        ("macro_f1", ["a"], 1, "no validation image of 'a'; consider class_weights: balanced"),
        ("validation_loss", ["a"], 50, "consider experiments.e.choose.by: balanced_accuracy"),
    ],
)  # fmt: skip
def test_balance_warning_is_one_line_with_the_key(
    by: str, missed: list[str], rare: int, expected: str
) -> None:
    said = balance_warning("e", by, len(missed), missed, {"a": rare, "b": 100})
    assert expected in said
    assert bool(said) == bool(expected)
    assert "\n" not in said


def test_balance_warning_counts_the_classes_that_it_does_not_name() -> None:
    names = [str(number) for number in range(10)]
    assert "'9' and 25 more" in balance_warning("e", "macro_f1", 35, names, {"a": 1, "b": 1})
