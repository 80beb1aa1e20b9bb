"""The files that `scenery predict` is given: files, folders, CSV tables, or a list of names.

Standard library only.
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from scenery.data.image_listing import IMAGE_EXTENSIONS
from scenery.data.manifest import FILE_COLUMNS
from scenery.data.sources import visible_files
from scenery.errors import UserError

STANDARD_INPUT = "-"
TABLES = (".csv", ".tsv")


class Photographs(NamedTuple):
    """Files in the order in which they are given.

    Attributes:
        files: Names as a user would open them.
        left_out: Number of files in folders whose names do not end as those of images do.
    """

    files: list[str]
    left_out: int


def list_photographs(given: Iterable[str], standard_input: Iterable[str]) -> Photographs:
    """List the files that a user names, each once.

    Args:
        given: Each is a file; a folder, whose image files at any depth are taken in the order of
            their names, without hidden ones; a table (.csv or .tsv) with a column `file` (or
            another of `FILE_COLUMNS`), whose files are relative to its folder; or ``-``: standard
            input.
        standard_input: Lines, each with the name of one file.

    Returns:
        The files. Those of tables and of standard input may not exist.

    Raises:
        UserError: A name that is given does not exist, a folder or table cannot be read, or there
            is no file at all.
    """
    files: dict[str, None] = {}
    left_out = 0
    named = list(given)
    for name in named:
        path = Path(name)
        if name == STANDARD_INPUT:
            lines = (line.rstrip("\r\n") for line in standard_input)
            files |= dict.fromkeys(line for line in lines if line)
        elif path.is_dir():
            for file in visible_files(path):
                if Path(file).suffix.casefold() in IMAGE_EXTENSIONS:
                    files[str(path / file)] = None
                else:
                    left_out += 1
        elif not path.exists():
            raise UserError(f"{name}: there is no such file or folder")
        elif path.suffix.casefold() in TABLES:
            files |= dict.fromkeys(_of_table(path))
        else:
            files[name] = None
    if not files:
        extensions = " ".join(sorted(IMAGE_EXTENSIONS))
        raise UserError(
            f"{', '.join(named)}: no photographs found; files ending in {extensions} are looked for"
        )
    return Photographs(list(files), left_out)


def _of_table(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as content:
            header = content.readline()
            separator = max(",;\t", key=header.count)
            columns = next(csv.reader([header], delimiter=separator), [])
            lower = [column.strip().casefold() for column in columns]
            column = next((name for name in FILE_COLUMNS if name in lower), None)
            if column is None:
                raise UserError(
                    f"{path}: no column with file names; its columns are "
                    f"{', '.join(columns)[:200]!r}; expected is file, or one of "
                    f"{', '.join(FILE_COLUMNS[1:])}"
                )
            place = lower.index(column)
            for row in csv.reader(content, delimiter=separator):
                if len(row) > place and row[place]:
                    yield str(path.parent / row[place])
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except csv.Error as error:
        raise UserError(f"{path}: is not a table: {error}") from None
