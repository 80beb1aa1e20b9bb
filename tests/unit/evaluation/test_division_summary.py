"""What several divisions of the images say: counts of choices, and an interval that holds."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from scenery.evaluation.divisions import division_table, summarize_divisions
from scenery.evaluation.paired import divisions_interval

TRIALS = pd.DataFrame({"setting": ["s1", "s2"], "name": ["C=1", "C=10"], "chosen": [True, False]})


def choice(division: int, setting: str, accuracy: float) -> dict[str, Any]:
    return {
        "experiment": "svm", "division": division, "setting": setting, "trial": f"t-{setting}",
        "validation_accuracy": 0.9, "test_accuracy": accuracy, "training_images": 70,
        "test_images": 30, "given_test": False, "reason": "", "seconds": 1.0,
    }  # fmt: skip


def failed(division: int) -> dict[str, Any]:
    return {"experiment": "svm", "division": division, "reason": "none can be chosen"}


def test_summarize_divisions_counts_the_choices_and_names_what_is_left_out() -> None:
    settings = ["s2", "s1", "s2", "s2"]
    found = [choice(n, one, 0.8 + n / 50) for n, one in enumerate(settings)]
    table = division_table({"svm": [*found, failed(4)]}, {"svm": TRIALS}, {"net": "it trains"})
    svm, net = summarize_divisions(table)
    assert svm.chosen == (("s2", "C=10", 3), ("s1", "C=1", 1))
    assert (svm.divisions, svm.as_study, svm.failed) == (4, 1, 1)
    assert svm.accuracy == pytest.approx(0.83)
    assert svm.low < 0.83 < svm.high
    assert (net.experiment, net.left_out, net.divisions) == ("net", "it trains", 0)


def test_summarize_divisions_all_failed_has_no_interval() -> None:
    table = division_table({"svm": [failed(0), failed(1)]}, {"svm": TRIALS}, {})
    (one,) = summarize_divisions(table)
    assert (one.divisions, one.failed) == (0, 2)
    assert np.isnan(one.accuracy)


def test_divisions_interval_covers_the_accuracy_on_new_images() -> None:
    """Nearest centroids of 40 images, 15 divisions each: 300 data sets from one distribution."""
    random = np.random.default_rng(0)
    shift, size, covered, accuracies = 0.8, 60, 0, []
    intervals = []
    for _ in range(300):
        labels = np.arange(size) % 2
        images = random.normal(0, 1, (size, 3)) + shift * labels[:, None]
        found = []
        for _ in range(15):
            order = random.permutation(size)
            train, test = order[:40], order[40:]
            means = [images[train][labels[train] == label].mean(axis=0) for label in (0, 1)]
            found.append(_right(images[test], labels[test], means))
            new = random.normal(0, 1, (200, 3)) + shift * (np.arange(200) % 2)[:, None]
            accuracies.append(_right(new, np.arange(200) % 2, means))
        intervals.append(divisions_interval(np.array(found), 0.5, size))
    truth = float(np.mean(accuracies))
    covered = sum(low <= truth <= high for low, high in intervals)
    assert 0.9 <= covered / 300 <= 0.995


def _right(images: np.ndarray, labels: np.ndarray, means: list[np.ndarray]) -> float:
    distances = np.stack([((images - mean) ** 2).sum(axis=1) for mean in means])
    return float((distances.argmin(axis=0) == labels).mean())


def test_divisions_interval_of_equal_accuracies_stays_wide_and_within_0_and_1() -> None:
    assert divisions_interval(np.ones(10), 0.4, 100)[0] < 0.97
    assert divisions_interval(np.ones(10), 0.4, 100)[1] == 1.0
