"""Suspicious labels: planted ones are found."""

import numpy as np
import pandas as pd

from scenery.data.similarity import nearest_images
from scenery.evaluation.label_errors import confident_classes, suspect_table

CLASSES = ["a", "b", "c"]


def test_confident_classes_need_the_mean_probability_of_their_images() -> None:
    labels = np.array([0, 0, 1, 1, 0])
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6], [0.5, 0.5], [0.3, 0.7]])
    # Means: 0.633 of class 0 and 0.55 of class 1.
    assert confident_classes(probabilities, labels).tolist() == [0, 0, 1, -1, 1]


def test_confident_classes_of_a_class_without_images_are_never_confident() -> None:
    probabilities = np.array([[0.2, 0.8, 0.0], [0.6, 0.4, 0.0]])
    assert 2 not in confident_classes(probabilities, np.array([1, 0]))


def test_nearest_images_finds_the_most_similar_other_one() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(30, 8))
    vectors[7] = 1.01 * vectors[21] + 0.001
    nearest, similarity = nearest_images(vectors)
    assert (nearest[7], nearest[21]) == (21, 7)
    assert similarity[7] > 0.99
    assert (nearest != np.arange(30)).all()


def test_nearest_images_of_equal_vectors_are_finite() -> None:
    assert np.isfinite(nearest_images(np.ones((4, 3)))[1]).all()


def test_suspect_table_lists_planted_errors_first() -> None:
    random = np.random.default_rng(1)
    true = np.repeat([0, 1, 2], 60)
    vectors = np.eye(3)[true] + random.normal(0, 0.15, (180, 3))
    scores = np.exp(6 * vectors)
    labels = true.copy()
    planted = [3, 70, 130, 175]
    labels[planted] = (labels[planted] + 1) % 3
    table = pd.DataFrame(
        {"file": [f"{n}.png" for n in range(180)], "label": labels,
         "class": [CLASSES[label] for label in labels]}
    )  # fmt: skip
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    found = suspect_table(table, probabilities, vectors, CLASSES)
    assert set(found["file"][:4]) == {f"{n}.png" for n in planted}
    assert found["suspect"][:4].all()
    assert found["suspect"].sum() < 15
    first = found.set_index("file").loc["3.png"]
    assert (first["class"], first["suggested"], first["nearest_class"]) == ("b", "a", "a")
    assert found["self_confidence"].is_monotonic_increasing
