"""Packing the images of a partition into one array file that training maps into memory."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from scenery.data.array_writer import ArrayWriter
from scenery.data.image_listing import named
from scenery.data.images import (
    MAX_ASPECT_RATIO,
    MAX_ENLARGEMENT,
    MAX_PIXELS,
    WHITE_LEVEL,
    Pixels,
    Resize,
    extreme_resize,
    model_input,
    read_image,
)
from scenery.errors import UserError
from scenery.image_size import ImageSize, sides, size_text

_log = logging.getLogger("scenery")

_FILES_AT_ONCE = 128


def pack_images(
    split: pd.DataFrame,
    root: Path,
    partition: str,
    size: ImageSize,
    resize: Resize,
    max_pixels: int = MAX_PIXELS,
    array_path: Path = Path("images.npy"),
    threads: int = 1,
    white_level: int = WHITE_LEVEL,
    interpolation: str = "bilinear",
    gray: bool = False,
) -> dict[str, Any]:
    """Write the images of one partition to a .npy file: uint8, (images, height, width, 3), RGB.

    The rows are in the order of the split's `row`. They are written one after the other, so that
    memory does not grow with their number and a full disk is an error rather than a crash; the
    file appears under its name only once it is whole. Read it with
    ``np.load(array_path, mmap_mode="r")``.

    Images that are resized beyond the lines of `scenery.data.images.extreme_resize` are named in
    one warning.

    Args:
        split: as from `scenery.data.splitting.split_images`.
        root: the folder that its files are relative to.
        threads: files decoded at the same time.
        white_level: the 16-bit value that becomes 255.
        interpolation: a filter of Pillow, in small letters.
        gray: whether images lose their colors; their three channels are then equal.

    Returns:
        Facts: partition, count, size (pixels), resize, interpolation, gray, classes (sorted names;
        a label is a position in them), count_per_class, and digest (SHA-256 of the array's bytes).

    Raises:
        UserError: no images in the partition, an image that cannot be read (any more), or a
            full disk.
    """
    rows = split[split["partition"] == partition].sort_values("row")
    if rows.empty:
        raise UserError(f"no {partition} images to pack")
    files = [root / file for file in rows["file"]]
    extreme: list[str] = []
    try:
        shape = (*sides(size), 3)
        with ArrayWriter(array_path, len(files), shape, kind="|u1", what=partition) as writer:
            how = _Reading(size, resize, max_pixels, white_level, interpolation, gray)
            resized = _resized(files, how, threads)
            for file, (image, note) in zip(rows["file"], resized, strict=True):
                writer.add(image[np.newaxis])
                if note:
                    extreme.append(f"{file} ({note})")
    except OSError as error:
        raise UserError(f"{array_path}: cannot be written: {error.strerror}") from error
    if extreme:
        _log.warning(
            "%d of %d %s images are resized to %s pixels beyond what keeps a picture "
            "recognizable (longer than %d times their width, or enlarged more than %d times; "
            "dataset.resize: %s): %s",
            *(len(extreme), len(files), partition, size_text(size)),
            *(MAX_ASPECT_RATIO, MAX_ENLARGEMENT, resize, named(extreme)),
        )
    classes = sorted(split["class"].unique())
    counts = rows["class"].value_counts()
    return {
        "partition": partition,
        "count": len(files),
        "size": size,
        "resize": resize,
        "interpolation": interpolation,
        "gray": gray,
        "classes": classes,
        "count_per_class": {name: int(counts.get(name, 0)) for name in classes},
        "digest": writer.facts["digest"],
    }


class _Reading(NamedTuple):
    """How images are read; attributes as the arguments of `pack_images`."""

    size: ImageSize
    resize: Resize
    max_pixels: int
    white_level: int
    interpolation: str
    gray: bool


def _resized(files: list[Path], how: _Reading, threads: int) -> Iterator[tuple[Pixels, str]]:
    """Give images and what is extreme about their resizing, in order.

    Only few images are in flight, since decoded images are large.
    """

    def read(file: Path) -> tuple[Pixels, str]:
        pixels = read_image(file, how.max_pixels, how.white_level)
        height, width = pixels.shape[:2]
        note = extreme_resize(width, height, how.size, how.resize)
        return model_input(pixels, how.size, how.resize, how.interpolation, how.gray), note

    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(files), _FILES_AT_ONCE):
            yield from pool.map(read, files[start : start + _FILES_AT_ONCE])
