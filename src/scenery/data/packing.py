"""Packing the images of a partition into one array file that training maps into memory."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from scenery.data.images import MAX_PIXELS, Pixels, Resize, read_image, resize_image
from scenery.errors import UserError

_FILES_AT_ONCE = 128


def pack_images(
    split: pd.DataFrame,
    root: Path,
    partition: str,
    size: int,
    resize: Resize,
    max_pixels: int = MAX_PIXELS,
    array_path: Path = Path("images.npy"),
    threads: int = 1,
) -> dict[str, Any]:
    """Write the images of one partition to a .npy file: uint8, (images, size, size, 3), RGB.

    The rows are in the order of the split's `row`. They are written one after the other, so that
    memory does not grow with their number and a full disk is an error rather than a crash; the
    file appears under its name only once it is whole. Read it with
    ``np.load(array_path, mmap_mode="r")``.

    Args:
        split: as from `scenery.data.splitting.split_images`.
        root: the folder that its files are relative to.
        threads: files decoded at the same time.

    Returns:
        Facts: partition, count, size (pixels), resize, classes (sorted names; a label is a
        position in them), count_per_class, and digest (SHA-256 of the array's bytes).

    Raises:
        UserError: no images in the partition, an image that cannot be read (any more), or a
            full disk.
    """
    rows = split[split["partition"] == partition].sort_values("row")
    if rows.empty:
        raise UserError(f"no {partition} images to pack")
    files = [root / file for file in rows["file"]]
    checkpoints = array_path.with_name(array_path.name + ".unfinished")
    try:
        with checkpoints.open("wb") as out:
            shape = (len(files), size, size, 3)
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(out, header)
            digest = sha256()
            for image in _resized(files, size, resize, max_pixels, threads):
                digest.update(image.data)
                out.write(image.data)
        checkpoints.replace(array_path)
    except OSError as error:
        raise UserError(f"{array_path}: cannot be written: {error.strerror}") from error
    finally:
        checkpoints.unlink(missing_ok=True)
    classes = sorted(split["class"].unique())
    counts = rows["class"].value_counts()
    return {
        "partition": partition,
        "count": len(files),
        "size": size,
        "resize": resize,
        "classes": classes,
        "count_per_class": {name: int(counts.get(name, 0)) for name in classes},
        "digest": digest.hexdigest(),
    }


def _resized(
    files: list[Path], size: int, resize: Resize, max_pixels: int, threads: int
) -> Iterator[Pixels]:
    """Give the images in order; only few are in flight, since decoded images are large."""

    def read(file: Path) -> Pixels:
        pixels = resize_image(read_image(file, max_pixels), size, resize)
        return np.ascontiguousarray(pixels)

    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(files), _FILES_AT_ONCE):
            yield from pool.map(read, files[start : start + _FILES_AT_ONCE])
