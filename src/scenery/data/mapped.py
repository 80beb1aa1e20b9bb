"""Arrays that are mapped from files."""

import mmap

import numpy as np


def release(array: np.ndarray) -> None:
    """Give the memory of a mapped array back; the system's cache keeps the pages for the next look.

    Mapped pages count as the job's memory from the first look at them until its end, and a
    cluster may end a job for what it holds.
    """
    mapped = array.base
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
