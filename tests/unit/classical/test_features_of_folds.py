"""Classical models and exact heads in folds that have features of their own."""

import numpy as np
import pandas as pd

from scenery.classical import classifier_scores, linear_scores
from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures
from scenery.evaluation.held_out import HeldOutData, LearnedFeatures

CLASSES = 3
FOLDS = np.stack([np.arange(60) % 4, np.arange(60) // 15])
SETTINGS = Settings(classifier={"name": "nearest_neighbors", "n_neighbors": 3})


def features(seed: int) -> LabeledFeatures:
    labels = np.arange(60) // 5 % CLASSES
    random = np.random.default_rng(seed)
    values = random.normal(size=(60, 5)) + 1.5 * np.eye(CLASSES, 5)[labels]
    return LabeledFeatures(values.astype(np.float32), labels)


TABLE = pd.DataFrame({"label": features(0).labels})


def test_classifiers_predict_each_fold_from_its_own_features() -> None:
    own = [[features(10 * repeat + fold) for fold in range(4)] for repeat in range(2)]
    of_folds = [[LearnedFeatures(one, one) for one in repeat] for repeat in own]
    data = HeldOutData(own[0][0], own[0][0], TABLE, FOLDS, of_folds)
    found = classifier_scores.score_in_folds(SETTINGS, data, CLASSES)
    assert found.held_out.shape == (2, 60, CLASSES)
    for repeat, features_of_folds in enumerate(own):
        for number, one in enumerate(features_of_folds):
            same_for_all = HeldOutData(one, one, TABLE, FOLDS)
            same = classifier_scores.score_in_folds(SETTINGS, same_for_all, CLASSES)
            here = FOLDS[repeat] == number
            assert np.array_equal(found.held_out[repeat, here], same.held_out[repeat, here])


def test_exact_heads_predict_each_fold_from_its_own_features() -> None:
    known = features(0)
    # Only in the features of its fold are the images of a fold where their class is.
    turned = LabeledFeatures(np.roll(known.values, 1, axis=1), known.labels)
    own = [LearnedFeatures(one, one) for one in (known, turned, known, turned)]
    data = HeldOutData(known, known, TABLE, FOLDS[:1], [own])
    found = linear_scores.score_in_folds(Settings(), data, CLASSES)
    plain = HeldOutData(known, known, TABLE, FOLDS[:1])
    expected = linear_scores.score_in_folds(Settings(), plain, CLASSES)
    assert np.allclose(found.held_out, expected.held_out, atol=1e-2)
    mixed = HeldOutData(known, turned, TABLE, FOLDS[:1])
    wrong = linear_scores.score_in_folds(Settings(), mixed, CLASSES)
    assert wrong.validation_accuracy < found.validation_accuracy - 0.2


def test_stacked_features_hold_each_fold_once() -> None:
    one, other = features(0), features(1)
    folds = [[LearnedFeatures(each, each) for each in (one, other, one, other)]]
    data = HeldOutData(one, one, TABLE, FOLDS[:1], folds)
    values, places = data.stacked()
    for number, features_of_fold in enumerate((one, other, one, other)):
        learned = np.flatnonzero(FOLDS[0] != number)
        assert np.array_equal(values.values[places[number]], features_of_fold.values[learned])
    shared, places = HeldOutData(one, one, TABLE, FOLDS).stacked()
    assert shared is one and len(places) == 8
