"""A manifest: a CSV table that says of every image which class (and partition) it belongs to.

Standard library only: the Snakefile reads sources in every dry run.
"""

import csv
import math
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from scenery.data.image_listing import PARTITION_HELP, FoundImage, checked, named, partition_of
from scenery.errors import UserError

FILE_COLUMNS = (
    *("file", "filename", "path", "image"),
    *("file_name", "file_path", "filepath", "image_name", "image_path"),
)
CLASS_COLUMNS = ("class", "label", "category")
PARTITION_COLUMNS = ("partition", "split", "set")
GROUP_COLUMNS = (
    *("group", "patient", "subject", "scene"),
    *("group_id", "patient_id", "subject_id", "scene_id"),
)

_ONE_PARTITION_COLUMN = "write one column partition with train, validation and test instead"
_WEIGHTS = "set dataset.weight_col to weight the images, or remove the column"
_FOLDS = "folds are made by Scenery and cannot be given; remove the column, or write a column group"
_REGIONS = "images are used whole; cut the regions out first, then remove the column"
_SELECTION = "every row is used; remove the rows that are not meant, then the column"
# Columns that would change the study if they were used. To ignore them would be a wrong result.
REFUSED_COLUMNS = {
    **dict.fromkeys(
        (
            *("train", "validation", "val", "valid", "dev", "test"),
            *("is_train", "is_training", "is_validation", "is_val", "is_valid", "is_test"),
        ),
        _ONE_PARTITION_COLUMN,
    ),
    **dict.fromkeys(("weight", "weights", "sample_weight", "class_weight"), _WEIGHTS),
    **dict.fromkeys(("fold", "folds", "fold_id", "cv_fold", "kfold", "k_fold"), _FOLDS),
    **dict.fromkeys(
        (
            *("bbox", "box", "bounding_box", "roi", "crop", "polygon", "segmentation"),
            *("xmin", "ymin", "xmax", "ymax", "x_min", "y_min", "x_max", "y_max"),
            *("x1", "y1", "x2", "y2"),
        ),
        _REGIONS,
    ),
    **dict.fromkeys(
        ("exclude", "excluded", "ignore", "ignored", "skip", "use", "used", "keep", "include"),
        _SELECTION,
    ),
}
_FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}

Row = tuple[int, dict[str, str]]


class Columns(NamedTuple):
    """Columns that the config names; None: one of the usual names.

    Attributes:
        group: Of the groups (dataset.group).
        x_col: Of the files (dataset.x_col).
        y_col: Of the classes, or one column for each class (dataset.y_col).
        weight_col: Of the weights in the training loss (dataset.weight_col).
    """

    group: str | None = None
    x_col: str | None = None
    y_col: str | Sequence[str] | None = None
    weight_col: str | None = None


class _Table(NamedTuple):
    """A manifest as it was read.

    Attributes:
        file, label, partition, group, weight: Names of the columns; label is None where each class
            has a column of its own.
        one_hot: The columns of the classes, if each has one.
        unused: Columns that are not read.
        written: Names of the columns as the file has them, by the names used here.
        rows: Number of each row (1 is the header) and its cells.
    """

    file: str
    label: str | None
    partition: str | None
    group: str | None
    weight: str | None
    one_hot: tuple[str, ...]
    unused: tuple[str, ...]
    written: dict[str, str]
    rows: list[Row]


def read_manifest(manifest: Path, root: Path, columns: Columns | None = None) -> list[FoundImage]:
    """Read a table with one image per row.

    Columns, in any order and in capital or small letters:

    - the file, relative to `root`: one of `FILE_COLUMNS`;
    - the class: ``class``, ``label`` or ``category``; or, without such a column, one column of 0
      and 1 for each class (one-hot), and none of other content but those of this list;
    - perhaps the partition: ``partition``, ``split`` or ``set``;
    - perhaps the group whose images must not be divided: the column `group`, or else one of
      `GROUP_COLUMNS` (an empty cell: the image is a group of its own);
    - perhaps the weight of the image in the training loss, in the column `weight_col`.

    Columns in `REFUSED_COLUMNS` are errors, since they mean something that is not used. Further
    columns are not read; `unused_columns` names them. Comma, semicolon or tab separate the columns;
    UTF-8, with or without a byte-order mark.

    Args:
        manifest: The table.
        root: The folder of the images.
        columns: The columns that the config names; None: none.

    Raises:
        UserError: naming the manifest and the rows (counted like lines of a spreadsheet, the
            header being row 1) of all faults of one kind.
    """
    table = _parse(manifest, columns or Columns())
    labels = _labels(manifest, table)
    partitions = _partitions(manifest, table.rows, table.partition)
    files = _files(manifest, root, table.rows, table.file)
    groups = [cells[table.group].strip() if table.group else "" for _, cells in table.rows]
    weights = _weights(manifest, table.rows, table.weight)
    columns_of_images = zip(files, labels, partitions, groups, weights, strict=True)
    found = (FoundImage(*image) for image in columns_of_images)
    return checked(found, str(manifest))


def unused_columns(manifest: Path, columns: Columns | None = None) -> list[str]:
    """List the columns of a manifest that are not read, as they are written.

    Raises:
        UserError: as `read_manifest`.
    """
    table = _parse(manifest, columns or Columns())
    return [table.written[name] for name in table.unused]


def _parse(manifest: Path, columns: Columns) -> _Table:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            delimiter = max(",;\t", key=first.count)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            written = [name.strip() for name in next(reader, [])]
            header = [_plain(name) for name in written]
            rows = _rows(manifest, header, reader)
    except UnicodeDecodeError as error:
        raise UserError(
            f"{manifest}: is not UTF-8 text ({error.reason}); save it as UTF-8"
        ) from None
    except csv.Error as error:
        raise UserError(f"{manifest}: is not a readable table: {error}") from None
    except OSError as error:
        raise UserError(f"{manifest}: cannot be read: {error.strerror}") from None
    file = _given_column(manifest, header, columns.x_col, "x_col")
    file = file or _column(manifest, header, FILE_COLUMNS)
    partition = _column(manifest, header, PARTITION_COLUMNS, required=False)
    group = _group_column(manifest, header, columns.group)
    weight = _given_column(manifest, header, columns.weight_col, "weight_col")
    label, one_hot = _class_columns(manifest, header, columns.y_col, rows)
    _refuse_one_column_for_two(manifest, file, partition, weight, label, *one_hot)
    known = {file, partition, group, weight, label, *one_hot}
    others = tuple(name for name in header if name not in known)
    if label is None and not one_hot:
        if not _is_one_hot(others, rows):
            _column(manifest, header, CLASS_COLUMNS)
        one_hot, others = others, ()
    _refuse_doubled_columns(manifest, header, others or one_hot)
    refused = [f"{name} ({REFUSED_COLUMNS[name]})" for name in others if name in REFUSED_COLUMNS]
    if refused:
        raise UserError(f"{manifest}: columns that cannot be used: {named(refused)}")
    return _Table(
        file or "",
        label,
        partition,
        group,
        weight,
        one_hot,
        others,
        dict(zip(header, written, strict=True)),
        rows,
    )


def _refuse_one_column_for_two(manifest: Path, *names: str | None) -> None:
    used = [name for name in names if name is not None]
    doubled = [name for name in used if used.count(name) > 1]
    if doubled:
        raise UserError(
            f"{manifest}: dataset.x_col, y_col and weight_col: the column {doubled[0]!r} cannot be "
            "two of the file, the class, the partition and the weight at once"
        )


def _column(
    manifest: Path, header: list[str], names: tuple[str, ...], required: bool = True
) -> str | None:
    present = [name for name in header if name in names]
    if len(present) > 1:
        raise UserError(f"{manifest}: columns {named(present)} mean the same; keep one of them")
    if not present and required:
        raise UserError(
            f"{manifest}: no column {' or '.join(names[:4])}; the first row must name the columns, "
            f"found {named([repr(name) for name in header])}"
        )
    return present[0] if present else None


def _class_columns(
    manifest: Path, header: list[str], given: str | Sequence[str] | None, rows: list[Row]
) -> tuple[str | None, tuple[str, ...]]:
    """The column of the classes, or the columns of 0 and 1 that the config names."""
    if given is None:
        return _column(manifest, header, CLASS_COLUMNS, required=False), ()
    if isinstance(given, str):
        return _given_column(manifest, header, given, "y_col"), ()
    one_hot = tuple(_given_column(manifest, header, name, "y_col") or "" for name in given)
    if not _is_one_hot(one_hot, rows):
        raise UserError(
            f"{manifest}: dataset.y_col names {named([repr(name) for name in given])}, of which "
            "each must be 0 or 1 in every row"
        )
    return None, one_hot


def _given_column(manifest: Path, header: list[str], given: str | None, key: str) -> str | None:
    """A column that the config names; None if it names none."""
    if given is None:
        return None
    name = _plain(given)
    if header.count(name) != 1:
        found = "several columns" if name in header else "no column"
        raise UserError(
            f"{manifest}: {found} {given!r}, which dataset.{key} names; the columns are "
            f"{named([repr(column) for column in header])}"
        )
    return name


def _plain(name: str) -> str:
    """The name of a column as it is looked for."""
    return re.sub(r"[\s-]+", "_", name.strip()).casefold()


def _group_column(manifest: Path, header: list[str], given: str | None) -> str | None:
    """The column of groups: the one that the config names, or else one of `GROUP_COLUMNS`."""
    if given is None:
        return _column(manifest, header, GROUP_COLUMNS, required=False)
    name = _given_column(manifest, header, given, "group")
    if name in (*FILE_COLUMNS, *CLASS_COLUMNS, *PARTITION_COLUMNS):
        raise UserError(
            f"{manifest}: dataset.group names the column {given!r}, which is the file, the class "
            "or the partition; it must be another one"
        )
    return name


def _is_one_hot(columns: tuple[str, ...], rows: list[Row]) -> bool:
    return len(columns) > 1 and all(
        cells[name].strip().casefold() in _FLAGS for _, cells in rows for name in columns
    )


def _refuse_doubled_columns(manifest: Path, header: list[str], used: tuple[str, ...]) -> None:
    doubled = sorted({name for name in used if name and header.count(name) > 1})
    if doubled:
        raise UserError(
            f"{manifest}: columns of the same name: {named([repr(name) for name in doubled])}"
        )


def _labels(manifest: Path, table: _Table) -> list[str]:
    """Return the class of each row."""
    if table.label is None:
        return _one_hot_labels(manifest, table)
    column = table.label
    _refuse_cells(manifest, f"column {column}", "has no class", _blank(table.rows, column))
    raw = [cells[column] for _, cells in table.rows]
    labels = [cell.strip() for cell in raw]
    names = set(labels)
    several = [
        f"row {number} ({label!r})"
        for (number, _), label in zip(table.rows, labels, strict=True)
        if _is_several(label, names)
    ]
    _refuse_cells(
        manifest,
        f"column {column}",
        "several classes for one image (multi-label) cannot be learned, every image has exactly "
        "one class; name one, or make a class of the combination under a name of its own",
        several,
    )
    spellings: dict[str, set[str]] = {}
    for cell, label in zip(raw, labels, strict=True):
        spellings.setdefault(label, set()).add(cell)
    spaced = [
        f"row {number} ({cells[column]!r})"
        for (number, cells), label in zip(table.rows, labels, strict=True)
        if len(spellings[label]) > 1 and cells[column] != label
    ]
    _refuse_cells(
        manifest, f"column {column}", "a class is written with and without spaces around it", spaced
    )
    return labels


def _is_several(label: str, names: set[str]) -> bool:
    """Whether a label lists several classes, as in ``a|b``."""
    if "|" in label or (label.startswith("[") and label.endswith("]")):
        return True
    for sign in ",;/+&":
        parts = [part.strip() for part in label.split(sign)]
        if len(parts) > 1 and names.issuperset(parts):
            return True
    return False


def _one_hot_labels(manifest: Path, table: _Table) -> list[str]:
    labels, none, several = [], [], []
    for number, cells in table.rows:
        marked = [name for name in table.one_hot if _FLAGS[cells[name].strip().casefold()]]
        if not marked:
            none.append(f"row {number}")
        elif len(marked) > 1:
            several.append(f"row {number} ({', '.join(table.written[name] for name in marked)})")
        labels.append(table.written[marked[0]] if marked else "")
    columns = f"columns {named([table.written[name] for name in table.one_hot])}"
    _refuse_cells(manifest, columns, "one of them must be 1; none is", none)
    _refuse_cells(
        manifest,
        columns,
        "several classes for one image (multi-label) cannot be learned, only one of them may be 1",
        several,
    )
    return labels


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


def _refuse_cells(manifest: Path, columns: str, fault: str, cells: list[str]) -> None:
    if cells:
        raise UserError(f"{manifest}: {columns}: {fault}: {named(cells)}")


def _partitions(manifest: Path, rows: list[Row], column: str | None) -> list[str]:
    if column is None or len(blank := _blank(rows, column)) == len(rows):
        return [""] * len(rows)
    _refuse_cells(manifest, f"column {column}", "is given for some rows only, not for", blank)
    partitions = [partition_of(cells[column]) for _, cells in rows]
    unknown = [
        f"row {number} ({cells[column]!r})"
        for (number, cells), partition in zip(rows, partitions, strict=True)
        if partition is None
    ]
    _refuse_cells(manifest, f"column {column}", f"must be {PARTITION_HELP}; it is not in", unknown)
    return [partition or "" for partition in partitions]


def _weights(manifest: Path, rows: list[Row], column: str | None) -> list[float]:
    if column is None:
        return [1.0] * len(rows)
    weights, wrong = [], []
    for number, cells in rows:
        try:
            weight = float(cells[column])
        except ValueError:
            weight = math.nan
        if not 0 < weight < math.inf:
            wrong.append(f"row {number} ({cells[column]!r})")
        weights.append(weight)
    _refuse_cells(
        manifest,
        f"column {column}",
        "a weight is a number above 0 (to leave an image out, remove its row)",
        wrong,
    )
    return weights


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
        _refuse_cells(
            manifest, f"column {column}", f"{fault} (files are relative to {root})", cells_at_fault
        )
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
