"""Digests of file contents, cached between calls.

Standard library only: the Snakefile asks for the data set's digest in every dry run.
"""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scenery.files import file_digest
from scenery.json_cache import load, save

# A file that changed less than this before it was read may change again without a new time:
# file systems count time in steps of up to 2 s.
SETTLED_NS = 2_000_000_000

# path -> [size, modification time, change time (both in nanoseconds), inode, SHA-256]
Cache = dict[str, list[Any]]


def regular_file(path: str | os.PathLike[str]) -> os.stat_result:
    """Return the status of a file that can be read to its end.

    Raises:
        OSError: The file is missing, or is no regular file: opening a named pipe waits until
            somebody writes to it.
    """
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    return status


def content_digests(paths: Sequence[str], cache_file: Path) -> list[str]:
    """Return the SHA-256 of each file; files known to be unchanged are not read.

    A file is unchanged if its size, modification time, change time and inode are those of the
    last call. Programs can set the modification time (``rsync -t``, ``exiftool -P``), but not the
    change time. A file that changed within the last two seconds before it was read is not cached.

    The digest of a file that cannot be read is "": the catalogue says why. A cache that is
    missing, broken or not writable costs time, never a wrong answer.

    Args:
        paths: The files.
        cache_file: JSON file that keeps the digests between calls.

    Returns:
        One digest of 64 hexadecimal digits, or "", for each path.
    """
    cached: Cache = {path: entry for path, entry in load(cache_file).items() if _is_valid(entry)}
    current: Cache = {}
    digests: list[str] = []
    for path in paths:
        try:
            state = _state(path)
            entry = cached.get(path)
            if entry is not None and entry[:-1] == state:
                current[path] = entry
                digests.append(entry[-1])
                continue
            started = time.time_ns()
            digest = file_digest(path)
            if _state(path) == state and started - max(state[1:3]) > SETTLED_NS:
                current[path] = [*state, digest]
        except OSError:
            digest = ""
        digests.append(digest)
    if current != cached:
        save(current, cache_file)
    return digests


def _state(path: str) -> list[int]:
    status = regular_file(path)
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _is_valid(entry: object) -> bool:
    return (
        isinstance(entry, list)
        and [type(value) for value in entry] == [int, int, int, int, str]
        and len(entry[-1]) == hashlib.sha256().digest_size * 2
    )
