"""The tables of the images as CSV files: catalogue and split."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from scenery.errors import UserError

CATALOGUE_COLUMNS: dict[str, type] = {
    "file": str,
    "class": str,
    "given_partition": str,
    "given_group": str,
    "proposed_group": str,
    "weight": float,
    "width": int,
    "height": int,
    "mode": str,
    "format": str,
    "bytes": int,
    "digest": str,
    "problem": str,
    "duplicate_group": int,
    "duplicate_kind": str,
    "group": int,
    "similar_to": str,
    "similar_distance": float,
}
JUDGED_COLUMNS: dict[str, type] = {**CATALOGUE_COLUMNS, "kept": bool, "reason": str}
SPLIT_COLUMNS: dict[str, type] = {
    "file": str,
    "class": str,
    "label": int,
    "partition": str,
    "row": int,
    "group": int,
    "digest": str,
    "given": bool,
    "weight": float,
}
# Tables of trials and tests that make their own split do without these.
_OPTIONAL_SPLIT_COLUMNS = ("group", "digest", "given", "weight")


def read_catalogue(
    path: str | os.PathLike[str], columns: Sequence[str] = tuple(JUDGED_COLUMNS)
) -> pd.DataFrame:
    """Read a judged catalogue, or some columns of it, with the types of `JUDGED_COLUMNS`."""
    return _read(Path(path), JUDGED_COLUMNS, columns)


def read_split(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a split or a subset, with the columns and types of `SPLIT_COLUMNS`.

    Use this rather than `pandas.read_csv`, which takes a class called NA or null for a gap and
    one called 007 for a number.

    Returns:
        The columns of `SPLIT_COLUMNS`; `group`, `digest`, `given` and `weight` only where the
        file has them.

    Raises:
        UserError: the file lacks another one of them.
    """
    return _read(Path(path), SPLIT_COLUMNS, tuple(SPLIT_COLUMNS), _OPTIONAL_SPLIT_COLUMNS)


def file_groups(split: pd.DataFrame) -> dict[str, int] | None:
    """The number of the group of each file; None where the split has no groups."""
    if "group" not in split:
        return None
    return dict(zip(split["file"], split["group"], strict=True))


def partition_table(split: pd.DataFrame, partition: str) -> pd.DataFrame:
    """The rows of one partition in the order in which they are packed."""
    return split[split["partition"] == partition].sort_values("row", ignore_index=True)


def class_names(split: pd.DataFrame) -> list[str]:
    """Class names in the order of their numbers."""
    pairs = split[["label", "class"]].drop_duplicates().sort_values("label")
    return [str(name) for name in pairs["class"]]


def write_table(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Write a table so that the functions above read the same values again."""
    table.to_csv(path, index=False, lineterminator="\n")


def with_types(columns: dict[str, list[object]], types: dict[str, type]) -> pd.DataFrame:
    """Build a table whose columns have the given order and types, also when it has no rows."""
    arrays = {
        name: pd.Series(columns[name], dtype=str if kind is str else np.dtype(kind))
        for name, kind in types.items()
    }
    return pd.DataFrame(arrays)


def _read(
    path: Path, types: dict[str, type], columns: Sequence[str], optional: Sequence[str] = ()
) -> pd.DataFrame:
    found = list(pd.read_csv(path, dtype=str, nrows=0).columns)
    if not set(types) - set(optional) <= set(found):
        raise UserError(f"{path}: its columns are {', '.join(found)}; expected {', '.join(types)}")
    wanted = [name for name in columns if name in found]
    table = pd.read_csv(path, usecols=wanted, dtype=str, keep_default_na=False, na_filter=False)
    for name in wanted:
        if types[name] is bool:
            table[name] = table[name] == "True"
        elif types[name] is int:
            table[name] = table[name].astype(np.int64)
        elif types[name] is float:
            table[name] = table[name].replace("", "nan").astype(np.float64)
    return table
