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
from scenery.study.resampling import FoldSpec, Resampling


class Files(Protocol):
    """An array of features and the JSON file of its facts."""

    @property
    def array(self) -> Path:
        """The array."""

    @property
    def facts(self) -> Path:
        """Its facts."""


class FilesOfFold(Protocol):
    """The features of all images by what one fold has learned."""

    @property
    def training(self) -> Sequence[Files]:
        """Those to learn from, of the training and of the validation images."""

    @property
    def plain(self) -> Sequence[Files]:
        """Plain ones of both."""


@dataclass(frozen=True)
class LearnedFeatures:
    """The features of all images by what one fold has learned of its training images.

    Attributes:
        training: Features to learn from: plain ones or views.
        plain: Features of the same images without augmentation, by which they are predicted.
    """

    training: LabeledFeatures
    plain: LabeledFeatures


@dataclass(frozen=True)
class Fold:
    """One fold of one repeat.

    Attributes:
        repeat: Number of the division.
        images: Numbers of the images to learn from.
        held_out: Numbers of the images that are held out.
        features: Features of all images.
    """

    repeat: int
    images: np.ndarray
    held_out: np.ndarray
    features: LearnedFeatures


@dataclass(frozen=True)
class HeldOutData:
    """Training and validation images as one set.

    Attributes:
        training: Features to learn from: plain ones or views.
        plain: Features of the same images without augmentation, by which they are predicted.
        table: The images' rows of the split.
        divisions: Shape (repeats, images), the fold in which each image is held out.
        of_folds: The features of each fold of each repeat in turn, where they depend on its
            training images, as those of a codebook; None: all folds have the same features.
    """

    training: LabeledFeatures
    plain: LabeledFeatures
    table: pd.DataFrame
    divisions: np.ndarray
    of_folds: Sequence[Sequence[LearnedFeatures]] | None = None

    def folds(self) -> Iterator[Fold]:
        """Each fold of each repeat."""
        same = LearnedFeatures(self.training, self.plain)
        for repeat, folds in enumerate(self.divisions):
            for fold in np.unique(folds):
                features = same if self.of_folds is None else self.of_folds[repeat][fold]
                images, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
                yield Fold(repeat, images, held_out, features)

    def stacked(self) -> tuple[LabeledFeatures, list[np.ndarray]]:
        """Features of all folds in one array, and of each fold the places of its images there.

        Folds with the same features share them.
        """
        folds = list(self.folds())
        if self.of_folds is None:
            return self.training, [fold.images for fold in folds]
        features = folds[0].features.training
        for fold in folds[1:]:
            features = features.joined_with(fold.features.training)
        images = len(self.table)
        return features, [number * images + fold.images for number, fold in enumerate(folds)]


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
    of_folds: Sequence[Sequence[FilesOfFold]] = (),
) -> HeldOutData:
    """Features of all images with their folds.

    Args:
        resampling: The folds.
        training: Features to learn from, of the training and of the validation images.
        plain: Plain features of both.
        tables: Rows of both.
        of_folds: The features of each fold of each repeat, where they differ; else empty.
    """
    table = pd.concat(tables, ignore_index=True)
    learned = joined_features(training, tables)
    same = [files.array for files in training] == [files.array for files in plain]
    return HeldOutData(
        training=learned,
        plain=learned if same else joined_features(plain, tables),
        table=table,
        divisions=divisions(resampling, table),
        of_folds=[[_of_fold(one, tables) for one in folds] for folds in of_folds] or None,
    )


def _of_fold(files: FilesOfFold, tables: Sequence[pd.DataFrame]) -> LearnedFeatures:
    learned = joined_features(files.training, tables)
    same = list(files.training) == list(files.plain)
    return LearnedFeatures(learned, learned if same else joined_features(files.plain, tables))


def divisions(resampling: Resampling, table: pd.DataFrame) -> np.ndarray:
    """The folds of a table of images, shape (repeats, images)."""
    return np.stack([division_of(repeat[0], table) for repeat in resampling.by_repeat])


def division_of(fold: FoldSpec, table: pd.DataFrame) -> np.ndarray:
    """The division that a fold belongs to, shape (images,)."""
    labels = table["label"].to_numpy()
    return assign_folds(labels, group_numbers(table), fold.folds, fold.seed)


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
