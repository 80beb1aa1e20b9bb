"""Finding images that are the same picture, exactly or nearly.

Certain duplicates have the same file content or the same decoded pixels, or are one picture at
another size or JPEG quality (see `scenery.data.resaved`). Likely ones look alike: the same picture
cropped or in another contrast, the same scene a moment later, or two things on one common layout
(charts, forms, parts before a common background). `scenery.data.near_pairs` finds them.

The thresholds were chosen by looking at the pairs found among the 2,688 photographs of the eight
outdoor scene classes: those accepted show the same picture (saved again, scanned or cropped
differently, in another contrast) or the same view a moment later; different pictures of one beach,
one skyline or one road stay apart. Mirrored, rotated or strongly cropped copies are not found.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.csgraph import connected_components

from scenery.data.fingerprints import Fingerprints
from scenery.data.near_pairs import in_batches, near_pairs
from scenery.data.picture_comparison import (
    FAST_VARIATION,
    Pairs,
    Thumbnails,
    best_shift,
    details,
)

# Pairs of thumbnails that differ more than this (gray levels) are not the same picture saved again.
_MAX_THUMBNAIL_DIFFERENCE = 25.0
_MAX_LOOKS = 5


@dataclass(frozen=True)
class DuplicateGroups:
    """Which of n images show the same picture.

    Attributes:
        groups: Group number of each image (1, 2, ... in order of first image; 0: alone). A group
            holds certain duplicates only.
        kinds: ``exact`` for the same file or pixels, ``near`` for the same picture at another size
            or quality, "" outside groups.
        likely: Pairs (i < j) that look alike and may be the same picture or scene, int64 of shape
            (pairs, 2). The first image of an exact group stands for all.
        distances: Of each likely pair, 0 (the same) to 1 (nothing in common).
    """

    groups: NDArray[np.int64]
    kinds: list[str]
    likely: Pairs
    distances: NDArray[np.float64]


def find_duplicates(
    contents: Sequence[tuple[str, str]],
    fingerprints: Fingerprints | None,
    is_resaved: Callable[[int, int], bool] = lambda first, second: False,
    threads: int = 1,
) -> DuplicateGroups:
    """Group n images that show the same picture; groups are closed under "is a duplicate of".

    Args:
        contents: n pairs of digests (of the file, of the decoded pixels); "" matches nothing.
        fingerprints: of the n images, to look for near duplicates among them, too.
        is_resaved: Says of two images that look alike whether they are certainly the same picture
            at another size or quality. The others are likely pairs.
        threads: How many parts of the images are compared at the same time.
    """
    exact = _exact_pairs(contents)
    pairs = exact
    likely, distances = np.empty((0, 2), np.int64), np.empty(0)
    if fingerprints is not None:
        # One picture of each exact group stands for all: a thousand copies are not a million pairs.
        alone = fingerprints.comparable.copy()
        alone[exact[:, 1]] = False
        near = near_pairs(fingerprints, np.flatnonzero(alone), threads)
        certain = _certain(fingerprints, near, is_resaved)
        pairs = np.concatenate([exact, near[certain]])
        likely = near[~certain]
        distances = _distances(fingerprints, likely)
    groups = number_groups(pairs, len(contents))
    exactly = set(exact.ravel().tolist())
    kinds = [
        "" if not group else "exact" if index in exactly else "near"
        for index, group in enumerate(groups.tolist())
    ]
    return DuplicateGroups(groups, kinds, likely, distances)


def _certain(
    fingerprints: Fingerprints, pairs: Pairs, is_resaved: Callable[[int, int], bool]
) -> NDArray[np.bool_]:
    """Say which pairs are the same picture saved again.

    Reading two images takes a while. Only pairs whose thumbnails agree are read, and of each
    image only the pairs with the few that are most like it.
    """
    differences = np.concatenate(
        [np.empty(0)]
        + [
            _largest_difference(*(fingerprints.thumbnails[some[:, side]] for side in (0, 1)))
            for some in in_batches(pairs)
        ]
    )
    certain = np.zeros(len(pairs), bool)
    looked_at: Counter[int] = Counter()
    for position in np.argsort(differences, kind="stable").tolist():
        first, second = pairs[position].tolist()
        if differences[position] > _MAX_THUMBNAIL_DIFFERENCE:
            break
        if max(looked_at[first], looked_at[second]) < _MAX_LOOKS:
            certain[position] = is_resaved(first, second)
            # Two copies of one picture are no evidence against a third.
            looked_at.update([] if certain[position] else [first, second])
    return certain


def _largest_difference(first: Thumbnails, second: Thumbnails) -> NDArray[np.float64]:
    """Return the largest difference of smoothed thumbnails, in gray levels."""
    difference = first.astype(np.float32) - second.astype(np.float32)
    smooth = ndimage.gaussian_filter(difference, FAST_VARIATION, axes=(1, 2))
    return np.abs(smooth).max(axis=(1, 2)).astype(np.float64)


def _distances(fingerprints: Fingerprints, pairs: Pairs) -> NDArray[np.float64]:
    """Return 1 minus the correlation of the pictures' details at the best shift."""
    found = [np.empty(0)]
    for some in in_batches(pairs):
        one, other = (details(fingerprints.thumbnails[some[:, side]]) for side in (0, 1))
        found.append(np.clip(1 - best_shift(one, other)[0], 0, 1))
    return np.concatenate(found)


def _exact_pairs(contents: Sequence[tuple[str, str]]) -> Pairs:
    """Link each image to the first one of the same file or pixels."""
    pairs: list[tuple[int, int]] = []
    for which in (0, 1):
        first: dict[str, int] = {}
        for index, digests in enumerate(contents):
            if digests[which] and first.setdefault(digests[which], index) != index:
                pairs.append((first[digests[which]], index))
    return np.array(pairs, np.int64).reshape(-1, 2)


def number_groups(pairs: Pairs, count: int) -> NDArray[np.int64]:
    """Number the connected images 1, 2, ... in order of their first member; 0: alone."""
    links = sparse.coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count))
    _, labels = connected_components(links, directed=False)
    groups = np.zeros(count, np.int64)
    numbers: dict[int, int] = {}
    for index in np.unique(pairs).tolist():
        groups[index] = numbers.setdefault(int(labels[index]), len(numbers) + 1)
    return groups
