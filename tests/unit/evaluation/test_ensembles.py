"""Means of class probabilities."""

import numpy as np
import pandas as pd
import pytest

from scenery.evaluation.ensembles import mean_predictions, score_ensembles
from scenery.evaluation.final_scores import ScoredModels
from scenery.evaluation.trial_tables import prediction_table
from scenery.study.scored import CHOSEN, ENSEMBLE

CLASSES = ["coast", "NA", "street"]
LABELS = np.array([0, 1, 2, 0])
FILES = [f"{name}.png" for name in "abcd"]
# Each is sure of its right answers and unsure of its wrong ones.
FIRST = np.array([[0.9, 0.1, 0.0], [0.4, 0.3, 0.3], [0.1, 0.0, 0.9], [0.3, 0.4, 0.3]])
SECOND = np.array([[0.3, 0.4, 0.3], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7], [0.1, 0.8, 0.1]])


def predictions(probabilities: np.ndarray, labels: np.ndarray = LABELS) -> pd.DataFrame:
    return prediction_table(FILES, labels, probabilities, CLASSES)


def test_mean_predictions_are_those_of_the_mean_probabilities() -> None:
    table, probabilities, labels = mean_predictions([predictions(FIRST), predictions(SECOND)])
    assert probabilities == pytest.approx((FIRST + SECOND) / 2)
    assert labels.tolist() == LABELS.tolist()
    assert table["predicted"].tolist() == ["coast", "NA", "street", "NA"]
    assert table["correct"].tolist() == [True, True, True, False]


def test_mean_predictions_of_other_images_are_refused() -> None:
    other = predictions(SECOND).assign(file=[f"{name}.png" for name in "abce"])
    with pytest.raises(ValueError, match="different images"):
        mean_predictions([predictions(FIRST), other])


def test_score_ensembles_one_for_each_repeat() -> None:
    chosen = ScoredModels(
        "e", "s", (CHOSEN,), "small", ("t0", "t1"), np.ones((2, 4)), 30, {"top_5": 1.0}
    )
    first = [predictions(FIRST), predictions(SECOND)]
    second = [predictions(SECOND), predictions(SECOND)]
    found = score_ensembles([first, second], chosen, None)
    assert (found.setting, found.roles) == (ENSEMBLE, (ENSEMBLE,))
    assert (found.training_set, found.training_images) == ("small", 30)
    assert found.correct.tolist() == [[1, 1, 1, 0], [0, 1, 1, 0]]
    assert found.measures["balanced_accuracy"] == pytest.approx(((2.5 + 2) / 3) / 2)
    # Of three classes every answer is among the five best.
    assert "top_5" not in found.measures
