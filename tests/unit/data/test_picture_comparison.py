"""Comparing thumbnails: filters and blocks are the plain ones, and no pair is lost to a bound."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from scenery.data import picture_comparison as comparison
from scenery.data.fingerprints import THUMBNAIL, Fingerprints, fingerprint
from scenery.data.picture_comparison import LowFrequencies, best_shift, details, same_picture
from scenery.demo.scenes import SCENE_CLASSES, scene

RANDOM = np.random.default_rng(3)


def of_scenes() -> NDArray[np.uint8]:
    pictures = [scene(name, number, 64, 7) for name in SCENE_CLASSES for number in range(6)]
    return np.stack([fingerprint(picture).thumbnail for picture in pictures])


def copied(thumbnails: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each moved by up to seven pixels, in another contrast, and with noise of another strength."""
    noise = RANDOM.normal(0, np.linspace(0, 40, len(thumbnails))[:, None, None], thumbnails.shape)
    moved = [np.roll(one, RANDOM.integers(-7, 8, 2), (0, 1)) for one in thumbnails]
    return np.clip(np.stack(moved) * 0.8 + 20 + noise, 0, 255).astype(np.uint8)


def pairs_of(count: int) -> NDArray[np.int64]:
    return np.stack(np.triu_indices(count, 1), axis=1)


def test_details_are_those_of_two_gaussian_filters() -> None:
    pictures = RANDOM.integers(0, 256, (3, THUMBNAIL, THUMBNAIL), np.uint8)
    fine, slow = (
        ndimage.gaussian_filter(pictures.astype(np.float64), scale, axes=(1, 2))
        for scale in (1.0, 3.0)
    )
    np.testing.assert_allclose(details(pictures), fine - slow, atol=1e-3)


def test_pairs_that_low_frequencies_tell_apart_have_no_high_correlation() -> None:
    originals = of_scenes()
    thumbnails = np.concatenate([originals, copied(originals)])
    fingerprints = Fingerprints(len(thumbnails), Path())
    fingerprints.thumbnails[:] = thumbnails
    pairs = pairs_of(len(thumbnails))
    may = LowFrequencies(fingerprints).may_agree(pairs)
    correlation, _ = best_shift(*(details(thumbnails[side]) for side in pairs.T))
    high = correlation >= comparison.MIN_SHIFTED_CORRELATION
    assert not (high & ~may).any()
    # Both kinds are there, and most pairs need no transform of their own.
    assert high.sum() > 10
    assert may.sum() < 0.3 * len(pairs)
    # The bound is close: a pair that passes is at most so far from the limit.
    assert correlation[may].min() > comparison.MIN_SHIFTED_CORRELATION - 0.15


def by_blocks(one: NDArray[np.float64], other: NDArray[np.float64]) -> bool:
    """The rule of `_blocks_agree` for one pair, block by block."""
    correlations, textures = [], []
    for band, other_band in zip(np.array_split(one, 4), np.array_split(other, 4), strict=True):
        blocks = zip(
            np.array_split(band, 4, axis=1), np.array_split(other_band, 4, axis=1), strict=True
        )
        for block, other_block in blocks:
            textures.append(np.sqrt(block.std() * other_block.std()))
            x, y = block - block.mean(), other_block - other_block.mean()
            correlations.append((x * y).sum() / (np.linalg.norm(x) * np.linalg.norm(y) + 1e-3))
    textured = np.array(textures) >= 1
    if textured.sum() < 4:
        return False
    agreement = np.array(correlations)[textured]
    weights = np.minimum(np.array(textures)[textured], 4)
    return bool(
        np.average(agreement, weights=weights) >= comparison.MIN_BLOCK_CORRELATION
        and np.percentile(agreement, 25) >= comparison.MIN_QUARTILE_CORRELATION
    )


@pytest.mark.parametrize("size", [(64, 64), (61, 58)])
def test_blocks_agree_as_if_each_pair_were_alone(size: tuple[int, int]) -> None:
    one = RANDOM.normal(0, 6, (200, *size)) * RANDOM.uniform(0, 1, (200, 1, 1))
    # Half of the picture is without texture in some.
    one[::5, : size[0] // 2] *= 0.01
    other = one + RANDOM.normal(0, 4, (200, *size)) * RANDOM.uniform(0, 1, (200, 1, 1))
    expected = [by_blocks(*pair) for pair in zip(one, other, strict=True)]
    found = comparison._blocks_agree(one.astype(np.float32), other.astype(np.float32))
    assert found.tolist() == expected
    assert 20 < sum(expected) < 180


def test_same_picture_does_not_depend_on_the_other_pairs() -> None:
    first = of_scenes()
    second = copied(first)
    together = same_picture(first, second)
    alone = [
        bool(same_picture(one[None], other[None])[0])
        for one, other in zip(first, second, strict=True)
    ]
    assert together.tolist() == alone
    assert 0 < together.sum() < len(together)
