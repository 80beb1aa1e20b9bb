"""Arrays that are mapped from files."""

import mmap
import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray


def scratch_array(shape: tuple[int, ...], kind: DTypeLike, folder: Path) -> NDArray:
    """An array of zeros in a file without a name in `folder`; the system removes it by itself.

    Raises:
        OSError: The disk has no space for it. Without this check, the first write would crash.
    """
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    if size == 0:
        # Nothing cannot be mapped.
        return np.zeros(shape, kind)
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            else:
                file.truncate(size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(folder)) from error
        return np.memmap(file, kind, "r+", shape=shape)


def drop_pages(array: np.ndarray) -> None:
    """Give the memory of a mapped array back; the system's cache keeps the pages for the next look.

    Mapped pages count as the job's memory from the first look at them until its end, and a
    cluster may end a job for what it holds.
    """
    mapped = array.base
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
