"""Fingerprints of images, by which each image is compared with all others.

5 kB for each image, in a file without a name: memory does not grow with their number.
"""

from pathlib import Path
from typing import NamedTuple

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scenery.data.images import Pixels
from scenery.data.memmap import drop_pages, scratch_array

THUMBNAIL = 64
# In smaller pictures (digits, icons) different ones look like shifted copies of each other.
MIN_SIDE = 32

_CELLS = 16  # along each side of the coarse picture
_KEPT_IN_MEMORY = 1024


class Fingerprint(NamedTuple):
    """One picture.

    Attributes:
        hash: 64-bit perceptual hash.
        thumbnail: Gray picture, uint8 (64, 64).
        coarse: 16 x 16 means as a vector of mean zero and length one, float32 (256,).
        comparable: Whether it has enough pixels to be told from others like it.
    """

    hash: int
    thumbnail: NDArray[np.uint8]
    coarse: NDArray[np.float32]
    comparable: bool


def fingerprint(pixels: Pixels) -> Fingerprint:
    """Return the fingerprint of an image, uint8 (height, width, 3)."""
    picture = Image.fromarray(pixels)
    bits = imagehash.phash(picture).hash
    shrunk = picture.convert("L").resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    thumbnail = np.asarray(shrunk)
    return Fingerprint(
        hash=int.from_bytes(np.packbits(bits).tobytes(), "big"),
        thumbnail=thumbnail,
        coarse=coarse_pictures(thumbnail[np.newaxis])[0],
        comparable=min(pixels.shape[:2]) >= MIN_SIDE,
    )


def coarse_pictures(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Means of 16 x 16 cells of thumbnails (n, 64, 64), as rows (256,) of mean 0 and length 1."""
    side = THUMBNAIL // _CELLS
    cells = thumbnails.reshape(-1, _CELLS, side, _CELLS, side).mean(axis=(2, 4))
    cells = cells.reshape(len(thumbnails), -1)
    cells -= cells.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(cells, axis=1, keepdims=True)
    coarse: NDArray[np.float32] = (cells / (lengths + 1e-6)).astype(np.float32)
    return coarse


class Fingerprints:
    """The fingerprints of n pictures; those never put are not comparable.

    Attributes:
        hashes: uint64 (n,).
        comparable: bool (n,).
        thumbnails: uint8 (n, 64, 64), mapped from a file.
        coarse: float32 (n, 256), mapped from a file.
        folder: Where these files are.

    Raises:
        OSError: The disk of `folder` is full.
    """

    def __init__(self, count: int, folder: Path) -> None:
        self.folder = folder
        self.hashes = np.zeros(count, np.uint64)
        self.comparable = np.zeros(count, bool)
        self.thumbnails = scratch_array((count, THUMBNAIL, THUMBNAIL), np.uint8, folder)
        self.coarse = scratch_array((count, _CELLS * _CELLS), np.float32, folder)

    def add(self, index: int, print_: Fingerprint) -> None:
        """Keep the fingerprint of one image."""
        self.hashes[index], self.comparable[index] = print_.hash, print_.comparable
        self.thumbnails[index], self.coarse[index] = print_.thumbnail, print_.coarse
        if index % _KEPT_IN_MEMORY == 0:
            self.drop_pages()

    def drop_pages(self) -> None:
        """Release the memory of pages that were read or written."""
        drop_pages(self.thumbnails)
        drop_pages(self.coarse)
