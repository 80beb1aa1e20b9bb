"""Images that are alike by their feature vectors."""

import numpy as np
import pytest

from scenery.data import similarity
from scenery.data.similarity import MIN_SIMILARITY, least_similarity, near_duplicates


def drawn(images: int, spread: float, seed: int = 0) -> np.ndarray:
    """Vectors of four classes; with a small spread all images of a class are alike."""
    random = np.random.default_rng(seed)
    centers = random.normal(size=(4, 64))
    vectors: np.ndarray = centers[np.arange(images) % 4] + spread * random.normal(size=(images, 64))
    return vectors


def labels(images: int) -> np.ndarray:
    return np.arange(images) % 4


@pytest.mark.parametrize("block", [3, 1024])
def test_near_duplicates_are_pairs_that_stand_out(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(similarity, "BLOCK", block)
    vectors = drawn(40, 1.5)
    vectors[33] = vectors[5] + 0.1
    vectors[8] = vectors[7] + 0.1
    assert near_duplicates(vectors, labels(40)).tolist() == [[5, 33], [7, 8]]


def test_near_duplicates_of_classes_whose_images_are_all_alike_are_few() -> None:
    vectors = drawn(40, 0.3)
    assert least_similarity(vectors, labels(40)) > MIN_SIMILARITY
    centered = similarity.directions(vectors)
    alike = (centered @ centered.T)[np.triu_indices(40, 1)] > MIN_SIMILARITY
    assert alike.sum() > 100
    assert len(near_duplicates(vectors, labels(40))) == 0


@pytest.mark.parametrize("images", [0, 1])
def test_near_duplicates_of_one_image_are_none(images: int) -> None:
    assert near_duplicates(drawn(images, 1.0), labels(images)).shape == (0, 2)


def test_near_duplicates_of_images_alone_in_their_classes() -> None:
    vectors = drawn(4, 1.0)
    vectors[3] = vectors[2]
    assert near_duplicates(vectors, np.arange(4)).tolist() == [[2, 3]]
