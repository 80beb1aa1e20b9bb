"""Areas of weighted images, and their intervals, against scikit-learn draw by draw."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from scenery.evaluation import threshold_areas
from scenery.evaluation.threshold_areas import (
    areas_of_small_classes,
    bootstrap_areas,
    weighted_areas,
)


def answers(seed: int, images: int, classes: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and scores; with few levels many images have the same score."""
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), random.integers(0, classes, images - classes)])
    truth = labels[:, None] == np.arange(classes)
    scores = random.random((images, classes)) + 0.4 * truth
    return truth, np.round(scores * levels) / levels


@pytest.mark.parametrize("levels", [2, 7, 10**9])
def test_weighted_areas_equal_those_of_scikit_learn(levels: int) -> None:
    for seed in range(8):
        truth, scores = answers(seed, 40, 3, levels)
        weights = np.random.default_rng(seed).integers(0, 3, (40, 5)).astype(np.float32)
        roc, precision = weighted_areas(truth[:, 1], scores[:, 1], weights)
        for draw in range(5):
            each = {"sample_weight": weights[:, draw]}
            expected = (
                roc_auc_score(truth[:, 1], scores[:, 1], **each),
                average_precision_score(truth[:, 1], scores[:, 1], **each),
            )
            assert (roc[draw], precision[draw]) == pytest.approx(expected, abs=1e-12)


def test_weighted_areas_of_a_draw_without_the_class_are_nan() -> None:
    truth = np.array([True, True, False])
    weights = np.array([[0, 1, 1], [0, 2, 0], [3, 0, 1]], np.float32)
    roc, precision = weighted_areas(truth, np.array([0.9, 0.1, 0.5]), weights)
    assert np.isnan(roc).tolist() == np.isnan(precision).tolist() == [True, True, False]


@pytest.mark.parametrize("levels", [2, 7, 10**9])
def test_areas_of_small_classes_equal_those_of_each_class(levels: int) -> None:
    truth, scores = answers(3, 50, 6, levels)
    weights = np.random.default_rng(3).integers(0, 2, (50, 40)).astype(np.float32)
    weights[:, 0] = truth[:, 2]
    together = areas_of_small_classes(truth, scores, weights)
    alone = [weighted_areas(truth[:, place], scores[:, place], weights) for place in range(6)]
    for areas, expected in zip(together, zip(*alone, strict=True), strict=True):
        np.testing.assert_allclose(areas, np.stack(expected), rtol=0, atol=1e-12)


def test_bootstrap_areas_of_classes_of_all_sizes_count_each_class_once() -> None:
    sizes = [2, 3, 40, 150, 150, 35]
    labels = np.repeat(np.arange(len(sizes)), sizes)
    truth = labels[:, None] == np.arange(len(sizes))
    scores = np.random.default_rng(0).random(truth.shape) + 0.3 * truth
    for areas, area in zip(
        bootstrap_areas(truth, scores, draws=3),
        (roc_auc_score, average_precision_score),
        strict=True,
    ):
        expected = [area(truth[:, place], scores[:, place]) for place in range(len(sizes))]
        assert areas.values == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("held", [20_000_000, 300])
def test_bootstrap_areas_have_the_intervals_of_scikit_learn_per_draw(
    held: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threshold_areas, "MAX_HELD", held)
    truth, scores = answers(1, 60, 4, 20)
    random = np.random.default_rng(0)
    means = []
    for _ in range(50):
        rows = random.integers(0, 60, 60)
        there = [c for c in range(4) if 0 < truth[rows, c].sum() < 60]
        means.append(
            [
                np.mean([area(truth[rows, c], scores[rows, c]) for c in there])
                for area in (roc_auc_score, average_precision_score)
            ]
        )
    for place, areas in enumerate(bootstrap_areas(truth, scores, draws=50)):
        ends = np.percentile(np.array(means)[:, place], [2.5, 97.5])
        assert (areas.low, areas.high) == pytest.approx(tuple(ends), abs=1e-12)
        area = (roc_auc_score, average_precision_score)[place]
        assert areas.values == pytest.approx([area(truth[:, c], scores[:, c]) for c in range(4)])
        assert areas.mean == pytest.approx(areas.values.mean())
