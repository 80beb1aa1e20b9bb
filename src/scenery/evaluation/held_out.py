"""Images that are held out in folds, with the features of all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.folds import assign_folds
from scenery.data.tables import partition_table, read_split
from scenery.study.resampling import Resampling


class Files(Protocol):
    """An array of features and the JSON file of its facts."""

    @property
    def array(self) -> Path:
        """The array."""

    @property
    def facts(self) -> Path:
        """Its facts."""


@dataclass(frozen=True)
class HeldOutData:
    """Training and validation images as one set.

    Attributes:
        training: Features to learn from: plain ones or views.
        plain: Features of the same images without augmentation, by which they are predicted.
        table: The images' rows of the split.
        divisions: Shape (repeats, images), the fold in which each image is held out.
    """

    training: LabeledFeatures
    plain: LabeledFeatures
    table: pd.DataFrame
    divisions: np.ndarray

    def folds(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Repeat, images to learn from and images held out, of each fold of each repeat."""
        for repeat, folds in enumerate(self.divisions):
            for fold in np.unique(folds):
                yield repeat, np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


def in_folds(resampling: Resampling | None, split: pd.DataFrame) -> bool:
    """Whether trials are scored in folds of this split.

    They are not if the data set gives a validation partition and the config asks for no folds.
    """
    if resampling is None:
        return False
    validation = split[split["partition"] == "validation"]
    given = "given" in validation and bool(validation["given"].any())
    return not (given and resampling.keep_given)


def read_held_out(
    resampling: Resampling,
    training: Sequence[Files],
    plain: Sequence[Files],
    tables: Sequence[pd.DataFrame],
) -> HeldOutData:
    """Features of all images with their folds.

    Args:
        resampling: The folds.
        training: Features to learn from, of the training and of the validation images.
        plain: Plain features of both.
        tables: Rows of both.
    """
    table = pd.concat(tables, ignore_index=True)
    learned = joined_features(training, tables)
    same = [files.array for files in training] == [files.array for files in plain]
    return HeldOutData(
        training=learned,
        plain=learned if same else joined_features(plain, tables),
        table=table,
        divisions=divisions(resampling, table),
    )


def divisions(resampling: Resampling, table: pd.DataFrame) -> np.ndarray:
    """The folds of a table of images, shape (repeats, images)."""
    labels, groups = table["label"].to_numpy(), group_numbers(table)
    seeds = range(resampling.seed, resampling.seed + resampling.repeats)
    return np.stack([assign_folds(labels, groups, resampling.folds, seed) for seed in seeds])


def group_numbers(table: pd.DataFrame) -> np.ndarray:
    """The group of each image; without the column each image is a group of its own."""
    if "group" in table:
        return table["group"].to_numpy()
    return np.arange(len(table))


def joined_features(files: Sequence[Files], tables: Sequence[pd.DataFrame]) -> LabeledFeatures:
    """Features of several partitions as one."""
    first, *others = (
        read_features(one.array, one.facts, table) for one, table in zip(files, tables, strict=True)
    )
    for other in others:
        first = first.joined_with(other)
    return first


def rows_of(table: Path, split: pd.DataFrame) -> list[pd.DataFrame]:
    """Rows of the training images of a table and of the validation images of the split."""
    return [partition_table(read_split(table), "train"), partition_table(split, "validation")]
