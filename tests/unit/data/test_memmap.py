"""Arrays in files without a name: zeros, gone by themselves, one error where room is missing."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from scenery.data.memmap import drop_pages, scratch_array


@pytest.mark.parametrize("shape", [(3, 4), (0, 4)])
def test_zeros_that_leave_no_file(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = scratch_array(shape, np.float32, tmp_path)
    assert array.shape == shape
    assert not array.any()
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_outlives_its_memory(tmp_path: Path) -> None:
    array = scratch_array((2000, 4096), np.uint8, tmp_path)
    array[:] = np.arange(2000, dtype=np.uint8)[:, np.newaxis]
    resident = _mapped_memory()
    drop_pages(array)
    assert _mapped_memory() < resident - 7000
    assert (array == np.arange(2000, dtype=np.uint8)[:, np.newaxis]).all()


def test_no_room_is_an_error_that_names_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left") as error:
        scratch_array((3,), np.uint8, tmp_path)
    assert error.value.errno == errno.ENOSPC
    assert error.value.filename == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def _mapped_memory() -> int:
    """Resident memory of files mapped into this process, in KiB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("RssFile:")[1].split()[0])
