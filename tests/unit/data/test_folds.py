"""Folds: every image is held out once, classes keep their shares, groups never part."""

import numpy as np
import pytest

from scenery.data.folds import assign_folds


def test_assign_folds_holds_out_each_image_once_in_equal_shares_of_its_class() -> None:
    labels = np.repeat([0, 1, 2], [50, 25, 10])
    folds = assign_folds(labels, np.arange(85), 5, seed=1)
    counts = [np.bincount(folds[labels == label], minlength=5) for label in range(3)]
    assert np.array_equal(counts, [[10] * 5, [5] * 5, [2] * 5])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_assign_folds_never_parts_a_group(seed: int) -> None:
    random = np.random.default_rng(seed)
    groups = random.integers(0, 60, 200)
    labels = groups % 4
    # Some groups have images of several classes.
    labels[:20] = random.integers(0, 4, 20)
    folds = assign_folds(labels, groups, 5, seed)
    assert set(folds) == set(range(5))
    assert all(len(set(folds[groups == group])) == 1 for group in set(groups))


def test_assign_folds_depends_on_the_seed_alone() -> None:
    labels, groups = np.repeat([0, 1], 20), np.arange(40)
    first = assign_folds(labels, groups, 4, seed=0)
    assert np.array_equal(first, assign_folds(labels, groups, 4, seed=0))
    assert not np.array_equal(first, assign_folds(labels, groups, 4, seed=1))


def test_assign_folds_of_few_groups_gives_fewer_folds() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    assert set(assign_folds(labels, np.arange(5), 5, seed=1)) == {0, 1, 2}
    # Three images of each class, but each class is one group.
    labels = np.repeat([0, 1], 3)
    assert set(assign_folds(labels, labels, 5, seed=1)) == {0}
