"""Photographs that are unlike all training images."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from scenery.errors import UserError
from scenery.inference.novelty import (
    KEPT,
    NEIGHBORS,
    learn_references,
    load_references,
    save_references,
)

RANDOM = np.random.default_rng(0)
CENTERS = np.abs(RANDOM.normal(size=(3, 40)))


def features(images: int, centers: np.ndarray = CENTERS) -> np.ndarray:
    """Features around the centers of classes."""
    chosen = centers[RANDOM.integers(0, len(centers), images)]
    return chosen + RANDOM.normal(scale=0.2, size=chosen.shape)


def test_score_is_the_distance_to_the_kth_neighbor_in_thresholds() -> None:
    training, asked = features(60), features(7)
    found = learn_references(training, np.arange(60))

    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)
    lengths = np.linalg.norm(asked, axis=1, keepdims=True)
    search = NearestNeighbors(n_neighbors=NEIGHBORS).fit(found.vectors)
    distances, _ = search.kneighbors(asked / lengths)
    assert np.allclose(found.scores(asked), distances[:, -1] / found.threshold, atol=1e-4)


def test_new_kinds_are_found_and_known_ones_are_not() -> None:
    found = learn_references(features(300), np.arange(300))
    known, new = found.scores(features(300)), found.scores(features(300, CENTERS[::-1, ::-1]))
    assert roc_auc_score([0] * 300 + [1] * 300, [*known, *new]) > 0.99
    assert (known > 1).mean() == pytest.approx(1 - KEPT, abs=0.04)


def test_duplicates_of_an_image_do_not_lower_the_threshold() -> None:
    training = features(60)
    one = learn_references(training, np.arange(60))
    # Six copies of each image, in one group: nothing new is known.
    copies = learn_references(np.repeat(training, 6, axis=0), np.repeat(np.arange(60), 6))
    assert copies.threshold > 0.6 * one.threshold
    # Twelve copies as images of their own: the nearest five are copies.
    alone = learn_references(np.repeat(training, 12, axis=0), np.arange(720))
    assert alone.threshold < 0.1 * one.threshold


def test_references_are_read_back_without_pickles(tmp_path: Path) -> None:
    found = learn_references(features(20), np.arange(20))
    save_references(found, tmp_path / "r.npz")
    again = load_references(tmp_path / "r.npz")
    assert again.threshold == found.threshold
    assert (again.vectors == found.vectors).all()
    (tmp_path / "r.npz").write_bytes(b"PK damaged")
    with pytest.raises(UserError, match=r"r\.npz: cannot be read as arrays"):
        load_references(tmp_path / "r.npz")
    np.savez(tmp_path / "r.npz", vectors=np.array([{"an": "object"}]), threshold=1.0)
    with pytest.raises(UserError, match="cannot be read as arrays"):
        load_references(tmp_path / "r.npz")
