"""Digests of files and writing files in one piece.

It imports no other library: the Snakefile imports this in every dry run.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scenery.errors import UserError


def file_digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 (64 hexadecimal digits) of a file's content, read in pieces.

    Raises:
        OSError: The file cannot be read.
    """
    with Path(path).open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def rows_digest(rows: Iterable[Sequence[str]]) -> str:
    """Return the SHA-256 (hexadecimal) of rows of text, unambiguous as to where a cell ends."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps(list(row)).encode() + b"\n")
    return digest.hexdigest()


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path`, and move the file written there to `path` at the end.

    Nobody sees a file that is written in part, and two processes never write into the same file.
    After an exception the temporary file is removed and `path` stays as it was.

    Args:
        path: The file to write; its folder exists.

    Raises:
        OSError: The folder does not exist, cannot be written to, or is on a full disk.
    """
    target = Path(path)
    name = f".{target.name[:100]}.{os.getpid()}-{secrets.token_hex(4)}.partial"
    partial = target.with_name(name)
    try:
        partial.touch(exist_ok=False)
        yield partial
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def write_text(text: str, path: str | os.PathLike[str]) -> None:
    """Write a text file as UTF-8 in one piece, see `atomic_path`."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say in one line that a file cannot be written.

    Raises:
        UserError: For an OSError inside, naming `path`.
    """
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from None
