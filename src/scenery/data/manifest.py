"""A manifest: a CSV table that says of every image which class (and partition) it belongs to.

Standard library only: the Snakefile reads sources in every dry run.
"""

import csv
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from scenery.data.image_listing import PARTITION_HELP, FoundImage, checked, named, partition_of
from scenery.errors import UserError

FILE_COLUMNS = ("file", "filename", "path", "image")
CLASS_COLUMNS = ("class", "label", "category")
PARTITION_COLUMNS = ("partition", "split", "set")

Row = tuple[int, dict[str, str]]


def read_manifest(manifest: Path, root: Path) -> list[FoundImage]:
    """Read a table with one image per row.

    Columns, in any order and in capital or small letters: the file (``file``, ``filename``,
    ``path`` or ``image``; relative to `root`), the class (``class``, ``label`` or ``category``)
    and, if the data set has partitions, ``partition``, ``split`` or ``set``. Further columns are
    ignored. Comma, semicolon or tab separate the columns; UTF-8, with or without a byte-order
    mark.

    Raises:
        UserError: naming the manifest and the rows (counted like lines of a spreadsheet, the
            header being row 1) of all faults of one kind.
    """
    file_column, class_column, partition_column, rows = _parse(manifest)
    _refuse_cells(manifest, class_column, "has no class", _blank(rows, class_column))
    partitions = _partitions(manifest, rows, partition_column)
    files = _files(manifest, root, rows, file_column)
    found = (
        FoundImage(file, cells[class_column].strip(), partition)
        for file, (_, cells), partition in zip(files, rows, partitions, strict=True)
    )
    return checked(found, str(manifest))


def _parse(manifest: Path) -> tuple[str, str, str | None, list[Row]]:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            delimiter = max(",;\t", key=first.count)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            header = [name.strip().casefold() for name in next(reader, [])]
            columns = (
                _column(manifest, header, FILE_COLUMNS),
                _column(manifest, header, CLASS_COLUMNS),
                _column(manifest, header, PARTITION_COLUMNS, required=False),
            )
            return (
                columns[0] or "",
                columns[1] or "",
                columns[2],
                _rows(manifest, header, reader),
            )
    except UnicodeDecodeError as error:
        raise UserError(
            f"{manifest}: is not UTF-8 text ({error.reason}); save it as UTF-8"
        ) from None
    except csv.Error as error:
        raise UserError(f"{manifest}: is not a readable table: {error}") from None
    except OSError as error:
        raise UserError(f"{manifest}: cannot be read: {error.strerror}") from None


def _column(
    manifest: Path, header: list[str], names: tuple[str, ...], required: bool = True
) -> str | None:
    present = [name for name in header if name in names]
    if len(present) > 1:
        raise UserError(f"{manifest}: columns {named(present)} mean the same; keep one of them")
    if not present and required:
        raise UserError(
            f"{manifest}: no column {' or '.join(names)}; the first row must name the columns, "
            f"found {named([repr(name) for name in header])}"
        )
    return present[0] if present else None


def _rows(manifest: Path, header: list[str], reader: Iterator[list[str]]) -> list[Row]:
    rows, odd = [], []
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            odd.append(f"row {number} ({len(cells)})")
        rows.append((number, dict(zip(header, cells, strict=False))))
    if odd:
        raise UserError(f"{manifest}: rows with other than {len(header)} cells: {named(odd)}")
    return rows


def _blank(rows: list[Row], column: str) -> list[str]:
    return [f"row {number}" for number, cells in rows if not cells[column].strip()]


def _refuse_cells(manifest: Path, column: str, fault: str, cells: list[str]) -> None:
    if cells:
        raise UserError(f"{manifest}: column {column}: {fault}: {named(cells)}")


def _partitions(manifest: Path, rows: list[Row], column: str | None) -> list[str]:
    if column is None or len(blank := _blank(rows, column)) == len(rows):
        return [""] * len(rows)
    _refuse_cells(manifest, column, "is given for some rows only, not for", blank)
    partitions = [partition_of(cells[column]) for _, cells in rows]
    unknown = [
        f"row {number} ({cells[column]!r})"
        for (number, cells), partition in zip(rows, partitions, strict=True)
        if partition is None
    ]
    _refuse_cells(manifest, column, f"must be {PARTITION_HELP}; it is not in", unknown)
    return [partition or "" for partition in partitions]


def _files(manifest: Path, root: Path, rows: list[Row], column: str) -> list[str]:
    faults: dict[str, list[str]] = {}
    first_row: dict[str, int] = {}
    files = []
    inside = _Inside(root)
    for number, cells in rows:
        file = posix_path(cells[column].strip())
        files.append(file)
        fault = inside.fault(file)
        if not fault and file in first_row:
            fault = "is listed more than once"
        first_row.setdefault(file, number)
        if fault:
            also = f", also row {first_row[file]}" if first_row[file] != number else ""
            faults.setdefault(fault, []).append(f"row {number} ({cells[column]!r}{also})")
    for fault, cells_at_fault in faults.items():
        _refuse_cells(manifest, column, f"{fault} (files are relative to {root})", cells_at_fault)
    return files


def posix_path(cell: str) -> str:
    """Return a path written on any system with ``/`` and without ``./``."""
    written = PureWindowsPath(cell).as_posix() if "\\" in cell else cell
    return str(PurePosixPath(written)) if written else ""


class _Inside:
    """Tells files inside a root from those that are missing or lead out of it.

    Folders are resolved once each, so that a table of 100,000 files costs one look per file.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._real_root = os.path.realpath(root)
        self._folders: dict[Path, bool] = {}

    def _holds(self, real_path: str) -> bool:
        return os.path.commonpath([self._real_root, real_path]) == self._real_root

    def fault(self, file: str) -> str:
        """Return what is wrong with a relative POSIX path, or ""."""
        path = PurePosixPath(file)
        if not file:
            return "is empty"
        if path.is_absolute() or PureWindowsPath(file).drive or ".." in path.parts:
            return "must be a relative path without '..'"
        full = self._root / file
        folder = full.parent
        if folder not in self._folders:
            self._folders[folder] = self._holds(os.path.realpath(folder))
        try:
            status = full.lstat()
            linked = stat.S_ISLNK(status.st_mode)
            if not self._folders[folder] or (linked and not self._holds(os.path.realpath(full))):
                return "is a symbolic link that leads out of the root"
            if linked:
                status = full.stat()
        except (OSError, ValueError):
            return "does not exist"
        return "" if stat.S_ISREG(status.st_mode) else "is not a file"
