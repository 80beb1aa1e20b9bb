"""Finding images that are the same picture, exactly or nearly.

Certain duplicates have the same file content or the same decoded pixels, or are one picture at
another size or JPEG quality (see `scenery.data.resaved`). Likely ones look alike: the same picture
cropped or in another contrast, the same scene a moment later, or two things on one common layout
(charts, forms, parts before a common background). They are found
in two steps. Perceptual hashes (Zauner 2010, "Implementation and benchmarking of perceptual image
hash functions"; from imagehash) give candidates: pairs that differ in few of 64 bits. These are
then compared as small gray pictures without their slow variations of brightness, since horizon
and sky alone make two different beaches alike: the best shift is searched by correlation, and the
textured blocks of the two pictures must agree one by one.

The thresholds were chosen by looking at the pairs found among the 2,688 photographs of the eight
outdoor scene classes: those accepted show the same picture (saved again, scanned or cropped
differently, in another contrast) or the same view a moment later; different pictures of one beach,
one skyline or one road stay apart. Mirrored, rotated or strongly cropped copies are not found.

Comparing grows with the square of the number of images: a second for 3,000, some minutes for
100,000.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, sparse
from scipy.sparse.csgraph import connected_components

from scenery.data.fingerprints import THUMBNAIL, Fingerprints

Pairs = NDArray[np.int64]
Thumbnails = NDArray[np.uint8]

MAX_DIFFERING_BITS = 18
MIN_COARSE_CORRELATION = 0.75
MIN_SHIFTED_CORRELATION = 0.55
MIN_BLOCK_CORRELATION = 0.74
MIN_QUARTILE_CORRELATION = 0.69

# Standard deviations of two Gaussians, in thumbnail pixels: variations slower than the first are
# taken away; those faster than the second too, so that a slight change of scale does not matter.
_SLOW_VARIATION = 3.0
_FAST_VARIATION = 1.0
_LARGEST_SHIFT = 6  # in thumbnail pixels, so a tenth of the picture
_BLOCKS = 4  # blocks along each side
_LEAST_TEXTURED_BLOCKS = 4
_LEAST_TEXTURE = 1.0  # standard deviation within a block, in gray levels
_FULL_TEXTURE = 4.0  # texture beyond which a block counts no more than others
# Pairs of thumbnails that differ more than this (gray levels) are not the same picture saved again.
_MAX_THUMBNAIL_DIFFERENCE = 25.0
_MAX_LOOKS = 5
_BLOCK = 512
_PAIRS_AT_ONCE = 128


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
) -> DuplicateGroups:
    """Group n images that show the same picture; groups are closed under "is a duplicate of".

    Args:
        contents: n pairs of digests (of the file, of the decoded pixels); "" matches nothing.
        fingerprints: of the n images, to look for near duplicates among them, too.
        is_resaved: Says of two images that look alike whether they are certainly the same picture
            at another size or quality. The others are likely pairs.
    """
    exact = _exact_pairs(contents)
    pairs = exact
    likely, distances = np.empty((0, 2), np.int64), np.empty(0)
    if fingerprints is not None:
        # One picture of each exact group stands for all: a thousand copies are not a million pairs.
        alone = fingerprints.comparable.copy()
        alone[exact[:, 1]] = False
        near = near_pairs(fingerprints, np.flatnonzero(alone))
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
            for some in _batches(pairs)
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


def _batches(pairs: Pairs) -> Iterator[Pairs]:
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        yield pairs[start : start + _PAIRS_AT_ONCE]


def _largest_difference(first: Thumbnails, second: Thumbnails) -> NDArray[np.float64]:
    """Return the largest difference of smoothed thumbnails, in gray levels."""
    difference = first.astype(np.float32) - second.astype(np.float32)
    smooth = ndimage.gaussian_filter(difference, _FAST_VARIATION, axes=(1, 2))
    return np.abs(smooth).max(axis=(1, 2)).astype(np.float64)


def _distances(fingerprints: Fingerprints, pairs: Pairs) -> NDArray[np.float64]:
    """Return 1 minus the correlation of the pictures' details at the best shift."""
    found = [np.empty(0)]
    for some in _batches(pairs):
        one, other = (_detail(fingerprints.thumbnails[some[:, side]]) for side in (0, 1))
        found.append(np.clip(1 - _best_shift(one, other)[0], 0, 1))
    return np.concatenate(found)


def near_pairs(fingerprints: Fingerprints, indices: NDArray[np.int64]) -> Pairs:
    """Return the near-duplicate pairs (i < j) among some pictures, of shape (pairs, 2)."""
    found = [np.empty((0, 2), np.int64)]
    # Block against block: what is read of the fingerprints' file meanwhile stays small.
    blocks = [indices[start : start + _BLOCK] for start in range(0, len(indices), _BLOCK)]
    for first, second in combinations_with_replacement(blocks, 2):
        for candidates in _candidates(fingerprints.hashes, first, second):
            one, other = (fingerprints.coarse[candidates[:, side]] for side in (0, 1))
            pairs = candidates[(one * other).sum(axis=1) >= MIN_COARSE_CORRELATION]
            if len(pairs):
                one, other = (fingerprints.thumbnails[pairs[:, side]] for side in (0, 1))
                found.append(pairs[same_picture(one, other)])
        fingerprints.drop_pages()
    return np.concatenate(found)


def _candidates(
    hashes: NDArray[np.uint64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> Iterator[Pairs]:
    """Give pairs of few differing bits from two blocks, in batches of bounded size."""
    differing = np.bitwise_count(hashes[first, np.newaxis] ^ hashes[second])
    rows, columns = np.nonzero(differing <= MAX_DIFFERING_BITS)
    pairs = np.stack([first[rows], second[columns]], axis=1)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        yield pairs[start : start + _PAIRS_AT_ONCE]


def same_picture(first: Thumbnails, second: Thumbnails) -> NDArray[np.bool_]:
    """Say of n > 0 pairs of thumbnails, each (n, 64, 64), whether they show the same picture."""
    same = np.zeros(len(first), bool)
    one, other = _detail(first), _detail(second)
    correlation, shifts = _best_shift(one, other)
    for index in np.flatnonzero(correlation >= MIN_SHIFTED_CORRELATION):
        same[index] = _blocks_agree(one[index], other[index], shifts[index])
    return same


def _detail(pictures: Thumbnails) -> NDArray[np.float32]:
    values = pictures.astype(np.float32)
    fine = ndimage.gaussian_filter(values, _FAST_VARIATION, axes=(1, 2))
    return fine - ndimage.gaussian_filter(values, _SLOW_VARIATION, axes=(1, 2))


def _best_shift(
    one: NDArray[np.float32], other: NDArray[np.float32]
) -> tuple[NDArray[np.float64], Pairs]:
    """Return the highest normalized correlation and the shift (rows, columns) that gives it."""
    # Correlation by Fourier transform wraps around; fading the border keeps edges from matching
    # what is on the other side.
    fade = np.minimum(1, 3 * np.sin(np.pi * (np.arange(THUMBNAIL) + 0.5) / THUMBNAIL))
    fade = fade.astype(np.float32)
    spectra = []
    for pictures in (one, other):
        faded = pictures * fade[:, np.newaxis] * fade
        norms = np.linalg.norm(faded, axis=(1, 2), keepdims=True)
        spectra.append(fft.rfft2(faded / (norms + 1e-3)))
    correlation = fft.irfft2(spectra[0] * spectra[1].conj(), s=(THUMBNAIL, THUMBNAIL))
    steps = np.arange(-_LARGEST_SHIFT, _LARGEST_SHIFT + 1)
    nearby = correlation[:, steps[:, np.newaxis], steps].reshape(len(one), -1)
    best = nearby.argmax(axis=1)
    shifts = np.stack(np.divmod(best, len(steps)), axis=1) - _LARGEST_SHIFT
    return nearby.max(axis=1), shifts


def _blocks_agree(
    one: NDArray[np.float32], other: NDArray[np.float32], shift: NDArray[np.int64]
) -> bool:
    """Compare block by block what both pictures show, once one is shifted back."""
    correlations, textures = [], []
    overlap = zip(_overlap(one, shift), _overlap(other, -shift), strict=True)
    for block, other_block in overlap:
        textures.append(np.sqrt(block.std() * other_block.std()))
        centered, other_centered = block - block.mean(), other_block - other_block.mean()
        norm = np.linalg.norm(centered) * np.linalg.norm(other_centered)
        correlations.append((centered * other_centered).sum() / (norm + 1e-3))
    textured = np.array(textures) >= _LEAST_TEXTURE
    if textured.sum() < _LEAST_TEXTURED_BLOCKS:
        return False
    agreement = np.array(correlations)[textured]
    weights = np.minimum(np.array(textures)[textured], _FULL_TEXTURE)
    return bool(
        np.average(agreement, weights=weights) >= MIN_BLOCK_CORRELATION
        and np.percentile(agreement, 25) >= MIN_QUARTILE_CORRELATION
    )


def _overlap(
    picture: NDArray[np.float32], shift: NDArray[np.int64]
) -> Iterator[NDArray[np.float32]]:
    """Give the blocks of the part that a picture and its shifted copy share."""
    rows, columns = (slice(max(0, step), THUMBNAIL + min(0, step)) for step in shift.tolist())
    for band in np.array_split(picture[rows, columns], _BLOCKS, axis=0):
        yield from np.array_split(band, _BLOCKS, axis=1)


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
