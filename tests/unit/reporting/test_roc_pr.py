"""Points of the curves against those of scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_curve

from scenery.reporting.roc_pr import GRID, _at_thresholds, _precision_recall, _roc


@pytest.mark.parametrize("levels", [3, 10**9])
def test_curves_equal_those_of_scikit_learn(levels: int) -> None:
    random = np.random.default_rng(0)
    truth = np.arange(60) % 4 == 0
    scores = np.round((random.random(60) + 0.4 * truth) * levels) / levels
    points = _at_thresholds(truth, scores)
    wrong, found, _ = roc_curve(truth, scores)
    expected = np.interp(GRID, wrong, found)
    np.testing.assert_allclose(np.interp(GRID, *_roc(*points)), expected, atol=1e-12)
    precision, recall, _ = precision_recall_curve(truth, scores)
    expected = np.interp(GRID, recall[::-1], precision[::-1])
    np.testing.assert_allclose(np.interp(GRID, *_precision_recall(*points)), expected, atol=1e-12)
