"""Finding pairs of pictures that look alike among many.

Perceptual hashes (Zauner 2010, "Implementation and benchmarking of perceptual image hash
functions"; from imagehash) give candidates: pairs that differ in few of 64 bits. Of these, coarse
pictures of 16 x 16 pixels and then the low frequencies of thumbnails leave few, which
`scenery.data.picture_comparison` compares.

Comparing grows with the square of the number of images. docs/explanation/performance.md has the
time for 100,000.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from scenery.data.fingerprints import Fingerprints
from scenery.data.picture_comparison import LowFrequencies, Pairs, same_picture

MAX_DIFFERING_BITS = 18
MIN_COARSE_CORRELATION = 0.75

# Hashes of so many pictures are compared with those of so many others at once, in 20 MB.
_ROWS_AT_ONCE, _COLUMNS_AT_ONCE = 512, 4096
_PAIRS_AT_ONCE = 1024
_NONE: Pairs = np.empty((0, 2), np.int64)


def near_pairs(fingerprints: Fingerprints, indices: NDArray[np.int64], threads: int = 1) -> Pairs:
    """Return the near-duplicate pairs (i < j) among some pictures, sorted, of shape (pairs, 2).

    Args:
        fingerprints: Of all pictures.
        indices: Positions of the pictures to compare, ascending.
        threads: How many parts are compared at the same time.

    Raises:
        OSError: The disk of the fingerprints is full.
    """
    frequencies = LowFrequencies(fingerprints)

    def pairs_from(start: int) -> Pairs:
        """Those whose first picture is among the next ones."""
        likely = _likely_pairs(fingerprints, frequencies, indices[start:])
        found = [
            pairs[same_picture(*(fingerprints.thumbnails[side] for side in pairs.T))]
            for pairs in _in_large_batches(likely)
        ]
        return np.concatenate([_NONE, *found])

    # The products are small, so that threads of their own would wait for each other.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(pairs_from, range(0, len(indices), _ROWS_AT_ONCE)))
    pairs = np.concatenate([_NONE, *found])
    return pairs[np.lexsort(pairs.T[::-1])]


def _likely_pairs(
    fingerprints: Fingerprints, frequencies: LowFrequencies, indices: NDArray[np.int64]
) -> Iterator[Pairs]:
    """Give pairs of the first pictures with all, which low frequencies do not tell apart."""
    for pairs in _coarsely_alike(fingerprints, indices):
        for some in in_batches(pairs):
            yield some[frequencies.may_agree(some)]
        # What is read of the files meanwhile stays small.
        frequencies.drop_pages()
        fingerprints.drop_pages()


def _coarsely_alike(fingerprints: Fingerprints, indices: NDArray[np.int64]) -> Iterator[Pairs]:
    """Give pairs of the first pictures with all, by their hashes and coarse pictures."""
    rows = indices[:_ROWS_AT_ONCE]
    differing = np.empty((len(rows), min(_COLUMNS_AT_ONCE, len(indices))), np.uint64)
    for start in range(0, len(indices), _COLUMNS_AT_ONCE):
        columns = indices[start : start + _COLUMNS_AT_ONCE]
        pairs = _few_differing_bits(fingerprints.hashes, rows, columns, differing)
        alike = [
            some[_coarse_correlation(fingerprints.coarse, some) >= MIN_COARSE_CORRELATION]
            for some in in_batches(pairs)
        ]
        yield np.concatenate([_NONE, *alike])


def _few_differing_bits(
    hashes: NDArray[np.uint64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    differing: NDArray[np.uint64],
) -> Pairs:
    """The pairs (i < j) of few differing bits; `differing` is memory to work in."""
    bits = differing[:, : len(columns)]
    np.bitwise_xor(hashes[rows, np.newaxis], hashes[columns], out=bits)
    few = np.bitwise_count(bits) <= MAX_DIFFERING_BITS
    # A flat search is several times as fast as one of rows and columns.
    row, column = np.divmod(np.flatnonzero(few), len(columns))
    pairs = np.stack([rows[row], columns[column]], axis=1)
    return pairs[pairs[:, 0] < pairs[:, 1]]


def _coarse_correlation(coarse: NDArray[np.float32], pairs: Pairs) -> NDArray[np.float32]:
    correlation: NDArray[np.float32] = np.einsum(
        "ij,ij->i", coarse[pairs[:, 0]], coarse[pairs[:, 1]]
    )
    return correlation


def in_batches(pairs: Pairs) -> Iterator[Pairs]:
    """Batches of pairs, so that what is read of each is of bounded size."""
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        yield pairs[start : start + _PAIRS_AT_ONCE]


def _in_large_batches(parts: Iterator[Pairs]) -> Iterator[Pairs]:
    """Join small batches, since pairs of one shift are compared together."""
    waiting: list[Pairs] = []
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) >= _PAIRS_AT_ONCE:
            yield np.concatenate(waiting)
            waiting = []
    if sum(map(len, waiting)):
        yield np.concatenate(waiting)
