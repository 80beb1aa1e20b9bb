"""Comparing small gray pictures: do two of them show the same?

Pictures are compared without their slow variations of brightness, since horizon and sky alone make
two different beaches alike. The best shift is searched by correlation. Then the textured blocks of
the two pictures must agree one by one.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from scenery.data.fingerprints import THUMBNAIL, Fingerprints
from scenery.data.memmap import drop_pages, scratch_array

Pairs = NDArray[np.int64]
Thumbnails = NDArray[np.uint8]
Details = NDArray[np.float32]

MIN_SHIFTED_CORRELATION = 0.55
MIN_BLOCK_CORRELATION = 0.74
MIN_QUARTILE_CORRELATION = 0.69

# Standard deviations of two Gaussians, in thumbnail pixels: variations slower than the first are
# taken away; those faster than the second too, so that a slight change of scale does not matter.
_SLOW_VARIATION = 3.0
FAST_VARIATION = 1.0
_LARGEST_SHIFT = 6  # in thumbnail pixels, so a tenth of the picture
_BLOCKS = 4  # blocks along each side
_LEAST_TEXTURED_BLOCKS = 4
_LEAST_TEXTURE = 1.0  # standard deviation within a block, in gray levels
_FULL_TEXTURE = 4.0  # texture beyond which a block counts no more than others
_QUARTILE = 0.25

# Each is a filter of a column of a thumbnail, as a matrix.
_FAST, _SLOW = (
    ndimage.gaussian_filter1d(np.eye(THUMBNAIL, dtype=np.float32), scale, axis=0)
    for scale in (FAST_VARIATION, _SLOW_VARIATION)
)
# Correlation by Fourier transform wraps around. With faded borders, edges do not match what is on
# the other side.
_FADE = np.minimum(1, 3 * np.sin(np.pi * (np.arange(THUMBNAIL) + 0.5) / THUMBNAIL)).astype("f4")
_SHIFTS = np.arange(-_LARGEST_SHIFT, _LARGEST_SHIFT + 1)

# Frequencies up to this one, in periods for each thumbnail, hold nearly all detail.
_HIGHEST = 12
_ROWS = np.r_[0 : _HIGHEST + 1, -_HIGHEST:0]
_COLUMNS = np.arange(_HIGHEST + 1)
# The transform of real values holds each column but the first for two.
_COUNTED = np.where(_COLUMNS == 0, 1, 2)
_FREQUENCIES = len(_ROWS) * len(_COLUMNS)
# Larger than what rounding to 32 bits can do to a correlation.
_ROUNDING = 1e-3


def details(thumbnails: Thumbnails) -> Details:
    """Thumbnails without slow and very fast variations of brightness, float32 (n, 64, 64)."""
    values = thumbnails.astype(np.float32)
    # Rows of all pictures in one product, which is faster than a product for each picture.
    columns = values.reshape(-1, THUMBNAIL)
    fast, slow = ((columns @ one.T).reshape(values.shape) for one in (_FAST, _SLOW))
    return _FAST @ fast - _SLOW @ slow


def best_shift(one: Details, other: Details) -> tuple[NDArray[np.float64], Pairs]:
    """The highest normalized correlation of n pairs, and the shift (rows, columns) that gives it.

    Args:
        one, other: What `details` gives, each of shape (n, 64, 64).

    Returns:
        Correlations of shape (n,), and shifts in thumbnail pixels of shape (n, 2).
    """
    first, second = (fft.rfft2(_faded(pictures)) for pictures in (one, other))
    correlation = fft.irfft2(first * second.conj(), s=(THUMBNAIL, THUMBNAIL))
    nearby = correlation[:, _SHIFTS[:, np.newaxis], _SHIFTS].reshape(len(one), -1)
    shifts = np.stack(np.divmod(nearby.argmax(axis=1), len(_SHIFTS)), axis=1) - _LARGEST_SHIFT
    return nearby.max(axis=1), shifts


def _faded(pictures: Details) -> Details:
    """Pictures that fade toward their borders, each of length one."""
    faded = pictures * _FADE[:, np.newaxis] * _FADE
    return faded / (np.linalg.norm(faded, axis=(1, 2), keepdims=True) + np.float32(1e-3))


def same_picture(first: Thumbnails, second: Thumbnails) -> NDArray[np.bool_]:
    """Say of n > 0 pairs of thumbnails, each (n, 64, 64), whether they show the same picture."""
    one, other = details(first), details(second)
    correlation, shifts = best_shift(one, other)
    same = correlation >= MIN_SHIFTED_CORRELATION
    for shift in np.unique(shifts[same], axis=0):
        pairs = np.flatnonzero(same & (shifts == shift).all(axis=1))
        same[pairs] = _blocks_agree(_overlap(one[pairs], shift), _overlap(other[pairs], -shift))
    return same


def _overlap(pictures: Details, shift: NDArray[np.int64]) -> Details:
    """The part of the pictures that shifted copies share with them."""
    rows, columns = (slice(max(0, step), THUMBNAIL + min(0, step)) for step in shift.tolist())
    return pictures[:, rows, columns]


def _blocks_agree(one: Details, other: Details) -> NDArray[np.bool_]:
    """Compare n pairs of pictures of one shape block by block."""
    sizes = _sums_of_blocks(np.ones((1, *one.shape[1:])))
    x, y = one.astype(np.float64), other.astype(np.float64)
    means = [_sums_of_blocks(values) / sizes for values in (x, y, x * x, y * y, x * y)]
    deviations = [
        np.sqrt(np.maximum(square - mean**2, 0))
        for mean, square in zip(means[:2], means[2:4], strict=True)
    ]
    norms = sizes * deviations[0] * deviations[1]
    correlations = sizes * (means[4] - means[0] * means[1]) / (norms + 1e-3)
    textures = np.sqrt(deviations[0] * deviations[1])
    textured = textures >= _LEAST_TEXTURE
    weights = np.where(textured, np.minimum(textures, _FULL_TEXTURE), 0)
    enough = textured.sum(axis=1) >= _LEAST_TEXTURED_BLOCKS
    average = (weights * correlations).sum(axis=1) / np.where(enough, weights.sum(axis=1), 1)
    agree: NDArray[np.bool_] = (
        enough
        & (average >= MIN_BLOCK_CORRELATION)
        & (_lower_quartiles(correlations, textured) >= MIN_QUARTILE_CORRELATION)
    )
    return agree


def _sums_of_blocks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sums of blocks of nearly equal size, (n, rows, columns) to (n, blocks)."""
    for axis in (1, 2):
        values = np.add.reduceat(values, _starts_of_blocks(values.shape[axis]), axis=axis)
    return values.reshape(len(values), -1)


@cache
def _starts_of_blocks(size: int) -> list[int]:
    return [int(part[0]) for part in np.array_split(np.arange(size), _BLOCKS)]


def _lower_quartiles(values: NDArray[np.float64], counted: NDArray[Any]) -> NDArray[np.float64]:
    """The lower quartile of what is counted in each row; 0 where nothing is."""
    # What is not counted goes to the end; 1 is no less than any correlation.
    ordered = np.sort(np.where(counted, values, 1.0), axis=1)
    place = np.maximum(counted.sum(axis=1) - 1, 0) * _QUARTILE
    low = np.floor(place).astype(np.int64)
    rows = np.arange(len(values))
    below, above = ordered[rows, low], ordered[rows, np.minimum(low + 1, values.shape[1] - 1)]
    return np.where(counted.any(axis=1), below + (place - low) * (above - below), 0)


class LowFrequencies:
    """The low frequencies of the details of pictures, computed when they are first needed.

    They tell most pairs apart without a transform for each pair. The correlation of two pictures
    at a shift is that of their low frequencies, and at most the root of the product of the energies
    of all others more (the inequality of Cauchy and Schwarz). So no pair is lost.

    Raises:
        OSError: The disk has no space for 3 kB for each picture.
    """

    def __init__(self, fingerprints: Fingerprints) -> None:
        count = len(fingerprints.hashes)
        self._thumbnails = fingerprints.thumbnails
        self._values = scratch_array((count, _FREQUENCIES), np.complex64, fingerprints.folder)
        self._others = np.zeros(count, np.float32)
        self._known = np.zeros(count, bool)

    def may_agree(self, pairs: Pairs) -> NDArray[np.bool_]:
        """Say which pairs may have a high correlation at some shift.

        Args:
            pairs: Positions of pictures, shape (n, 2).
        """
        self._compute(np.unique(pairs))
        first, second = pairs.T
        product = self._values[first] * self._values[second].conj()
        low = product.view(np.float32) @ _AT_SHIFTS
        others = np.sqrt(self._others[first] * self._others[second])
        may: NDArray[np.bool_] = low.max(axis=1) + others >= MIN_SHIFTED_CORRELATION - _ROUNDING
        return may

    def drop_pages(self) -> None:
        """Release the memory of pages that were read or written."""
        drop_pages(self._values)

    def _compute(self, pictures: NDArray[np.int64]) -> None:
        """Several threads may do so for the same picture; they write the same values."""
        new = pictures[~self._known[pictures]]
        if not len(new):
            return
        faded = _faded(details(self._thumbnails[new]))
        spectra = _TO_ROWS @ (faded @ _TO_COLUMNS)
        self._values[new] = spectra.reshape(len(new), -1)
        energies = np.square(faded).sum(axis=(1, 2)) - np.square(np.abs(spectra)).sum(axis=(1, 2))
        self._others[new] = np.maximum(energies, 0)
        self._known[new] = True


def _waves(frequencies: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.complex128]:
    return np.exp(-2j * np.pi / THUMBNAIL * frequencies[:, np.newaxis] * places)


_PIXELS = np.arange(THUMBNAIL)
# The transform to low frequencies as two matrices, scaled so that energies are sums of squares.
_TO_ROWS = (_waves(_ROWS, _PIXELS) / THUMBNAIL).astype(np.complex64)
_TO_COLUMNS = (np.sqrt(_COUNTED) * _waves(_COLUMNS, _PIXELS).T).astype(np.complex64)


def _at_shifts() -> NDArray[np.float32]:
    """The way back to correlations at each shift, for real and imaginary parts in turn."""
    rows, columns = _waves(_ROWS, _SHIFTS).conj(), _waves(_COLUMNS, _SHIFTS).conj()
    waves = rows[:, np.newaxis, :, np.newaxis] * columns[np.newaxis, :, np.newaxis]
    waves = waves.reshape(_FREQUENCIES, -1)
    parts = np.stack([waves.real, -waves.imag], axis=1)
    return parts.reshape(2 * _FREQUENCIES, -1).astype(np.float32)


_AT_SHIFTS = _at_shifts()
