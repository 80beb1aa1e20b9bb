"""Digests of file contents, remembered between calls.

Standard library only: the Snakefile asks for the data set's digest in every dry run.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scenery.files import file_digest
from scenery.json_cache import load, save

# path -> [size in bytes, modification time in nanoseconds, SHA-256 of the content]
Remembered = dict[str, list[Any]]


def regular_file(path: str | os.PathLike[str]) -> os.stat_result:
    """Return the status of a file that can be read to its end.

    Raises:
        OSError: it is missing, or none: opening a named pipe waits until somebody writes to it.
    """
    status = Path(path).stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a file", str(path))
    return status


def content_digests(paths: Sequence[str], cache_file: Path) -> list[str]:
    """Return each file's SHA-256; files of known size and modification time are not read.

    Of a file that cannot be read it is "": the catalogue says why, and what is to be done. A cache
    that is missing, broken or not writable costs time, never a wrong answer.
    """
    remembered: Remembered = {
        path: entry for path, entry in load(cache_file).items() if _is_valid(entry)
    }
    current: Remembered = {}
    digests: list[str] = []
    for path in paths:
        try:
            status = regular_file(path)
            known = remembered.get(path)
            if known is None or known[:2] != [status.st_size, status.st_mtime_ns]:
                known = [status.st_size, status.st_mtime_ns, file_digest(path)]
        except OSError:
            digests.append("")
            continue
        current[path] = known
        digests.append(known[2])
    if current != remembered:
        save(current, cache_file)
    return digests


def _is_valid(entry: object) -> bool:
    return (
        isinstance(entry, list)
        and [type(value) for value in entry] == [int, int, str]
        and len(entry[2]) == hashlib.sha256().digest_size * 2
    )
