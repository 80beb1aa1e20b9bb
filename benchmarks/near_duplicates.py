"""The time to find near duplicates among many images.

The images are parts of the photographs, turned and mirrored. Their fingerprints are made at once,
because only the comparison grows with the square of their number.
"""

import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

from benchmarks.material import Material
from benchmarks.results import Row
from scenery.data.fingerprints import THUMBNAIL, Fingerprints, coarse_pictures
from scenery.data.near_pairs import MAX_DIFFERING_BITS, near_pairs
from scenery.pipeline.resources import cores

COUNTS = (100_000, 1_000_000)
TINY = (300, 600)
# Images whose hashes are compared pair by pair, as one does with imagehash.
SAMPLE, TINY_SAMPLE = 1500, 60
SIDE = 240
# A photograph is divided into so many parts along each side.
PARTS = (3, 4, 5)
ORIENTATIONS = 8
HASH_SIDE, HASH_BITS = 32, 8
SECONDS, MINUTES = 60, 30


def run(material: Material) -> list[Row]:
    """The comparison of two numbers of images, and the usual one of all hashes."""
    counts = COUNTS if material.whole else TINY
    rows = []
    for count in counts:
        fingerprints = made_fingerprints(material.images, count, material.folder)
        usual = usual_seconds(fingerprints, SAMPLE if material.whole else TINY_SAMPLE)
        start, before = time.perf_counter(), time.process_time()
        pairs = near_pairs(fingerprints, np.arange(count), cores())
        wall, processor = time.perf_counter() - start, time.process_time() - before
        large = count == counts[-1]
        rows.append(
            Row(
                work=f"near duplicates among {count:,} images",
                compared="perceptual hashes of all pairs with imagehash, scaled",
                measured=f"{usual / processor:.0f} times faster",
                target=f"≤ {MINUTES} min" if large else f"≤ {SECONDS} s of processor time",
                met=(wall <= 60 * MINUTES if large else processor <= SECONDS)
                if material.whole
                else None,
                note=f"{processor:.1f} s of processor time, {wall:.1f} s on {cores()} cores, "
                f"{len(pairs)} pairs; parts of the photographs, turned and mirrored",
            )
        )
    return rows


def made_fingerprints(images: Path, count: int, folder: Path) -> Fingerprints:
    """Fingerprints of parts of photographs, drawn without replacement.

    Args:
        images: Folder with photographs at any depth.
        count: How many.
        folder: Where their files are.
    """
    files = sorted(file for file in images.rglob("*") if file.suffix in {".jpg", ".png"})
    each = ORIENTATIONS * sum(number**2 for number in PARTS)
    drawn = np.sort(np.random.default_rng(0).choice(len(files) * each, count, replace=False))
    numbers, starts = np.unique(drawn // each, return_index=True)
    fingerprints = Fingerprints(count, folder)
    for number, here in zip(numbers, np.split(np.arange(count), starts[1:]), strict=True):
        with Image.open(files[number]) as image:
            gray = np.asarray(image.convert("L").resize((SIDE, SIDE)), np.float32)
        parts = np.stack(list(_parts(gray)))[drawn[here] % each]
        thumbnails = np.clip(parts.round(), 0, 255).astype(np.uint8)
        fingerprints.thumbnails[here] = thumbnails
        fingerprints.coarse[here] = coarse_pictures(thumbnails)
        fingerprints.hashes[here] = _hashes(parts)
    fingerprints.comparable[:] = True
    return fingerprints


def _parts(gray: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The parts of a photograph in all orientations, each of the size of a thumbnail."""
    for number in PARTS:
        side = SIDE // number
        places = np.linspace(0, side - 1, THUMBNAIL)
        resize = np.stack([np.interp(places, np.arange(side), row) for row in np.eye(side)], axis=1)
        for band in np.array_split(gray, number):
            for part in np.array_split(band, number, axis=1):
                thumbnail = (resize @ part @ resize.T).astype(np.float32)
                for turns in range(ORIENTATIONS // 2):
                    turned = np.rot90(thumbnail, turns)
                    yield turned
                    yield turned[:, ::-1]


def _hashes(parts: NDArray[np.float32]) -> NDArray[np.uint64]:
    """As `imagehash.phash`."""
    side = THUMBNAIL // HASH_SIDE
    small = parts.reshape(-1, HASH_SIDE, side, HASH_SIDE, side).mean(axis=(2, 4))
    low = fft.dct(fft.dct(small, axis=1), axis=2)[:, :HASH_BITS, :HASH_BITS]
    low = low.reshape(len(parts), -1)
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)


def usual_seconds(fingerprints: Fingerprints, sample: int) -> float:
    """Processor seconds to compare the hashes of all pairs one by one.

    Args:
        fingerprints: Of all images.
        sample: How many images are compared; the time is scaled by the number of pairs.
    """
    bits = np.unpackbits(fingerprints.hashes[:sample].astype(">u8").view(np.uint8)).reshape(
        -1, 8, 8
    )
    hashes = [imagehash.ImageHash(one.astype(bool)) for one in bits]
    start = time.process_time()
    for one, other in combinations(hashes, 2):
        _ = one - other <= MAX_DIFFERING_BITS
    took = time.process_time() - start
    count = len(fingerprints.hashes)
    return took * count * (count - 1) / (sample * (sample - 1))
