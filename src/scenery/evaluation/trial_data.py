"""The features and tables that trials on a frozen backbone learn from and are scored on."""

import functools
import json
import threading
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

import pandas as pd

from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.held_out import (
    HeldOutData,
    divisions,
    in_folds,
    read_held_out,
    rows_of,
)
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.trials import FeatureTrial, FoldFiles

T = TypeVar("T")


class TrialData(ABC, Generic[T]):
    """What trials on features share, and what each of them reads.

    Attributes:
        classes: Class names in the order of their numbers.
        validation: The validation images' rows of the split.
        threads: Number of trials that run at once.
    """

    classes: list[str]
    validation: pd.DataFrame
    threads: int = 1

    @abstractmethod
    def held_out(self, trial: T) -> HeldOutData | None:
        """All images with their folds; None for a trial that is scored on validation images."""

    @abstractmethod
    def training(self, trial: T) -> LabeledFeatures:
        """The features that a trial learns from if it is not scored in folds."""

    @abstractmethod
    def training_table(self, trial: T) -> pd.DataFrame:
        """The rows of these images."""

    @abstractmethod
    def validating(self, trial: T) -> LabeledFeatures:
        """The features of the validation images."""

    @abstractmethod
    def frozen_parameters(self, trial: T) -> int:
        """Number of weights of the backbone."""


class ShardData(TrialData[FeatureTrial]):
    """The files of the trials of a shard, which mostly share their features.

    Args:
        path: The split.
        threads: Number of trials that run at once.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        self.path = path
        self.threads = threads
        self.split = read_split(path)
        self.validation = partition_table(self.split, "validation")
        self.classes = class_names(self.split)
        self._features = functools.lru_cache(maxsize=4)(self._read)
        self._held_out = functools.lru_cache(maxsize=2)(self._read_held_out)
        # Trials in parallel wait for each other, so that features are in memory once.
        self._reading = threading.Lock()

    def training(self, trial: FeatureTrial) -> LabeledFeatures:
        """The features that a trial learns from if it is not scored in folds."""
        with self._reading:
            return self._features(trial.training, trial.table, "train")

    def training_table(self, trial: FeatureTrial) -> pd.DataFrame:
        """The rows of these images."""
        return partition_table(read_split(trial.table), "train")

    def validating(self, trial: FeatureTrial) -> LabeledFeatures:
        """The features of the validation images."""
        with self._reading:
            return self._features(trial.validation, self.path, "validation")

    def held_out(self, trial: FeatureTrial) -> HeldOutData | None:
        """All images with their folds; None for a trial that is scored on validation images."""
        if trial.folds is None or not in_folds(trial.folds.resampling, self.split):
            return None
        with self._reading:
            return self._held_out(trial.folds, trial.table, trial.training, trial.validation)

    def frozen_parameters(self, trial: FeatureTrial) -> int:
        """Number of weights of the backbone."""
        return frozen_parameters(trial.validation.facts)

    def _read_held_out(
        self, folds: FoldFiles, table: Path, training: ArrayFiles, validation: ArrayFiles
    ) -> HeldOutData:
        return read_held_out(
            folds.resampling,
            (training, folds.validation),
            (folds.training, validation),
            rows_of(table, self.split),
            folds.of_folds,
        )

    @staticmethod
    def _read(files: ArrayFiles, table: Path, partition: str) -> LabeledFeatures:
        rows = partition_table(read_split(table), partition)
        return read_features(files.array, files.facts, rows)


class UngroupedData(ShardData):
    """The same with folds that part groups of images."""

    def _read_held_out(
        self, folds: FoldFiles, table: Path, training: ArrayFiles, validation: ArrayFiles
    ) -> HeldOutData:
        data = super()._read_held_out(folds, table, training, validation)
        alone = data.table.assign(group=range(len(data.table)))
        return replace(data, divisions=divisions(folds.resampling, alone))


def frozen_parameters(facts: Path) -> int:
    """Number of weights of the backbone, from the facts of its features."""
    return int(json.loads(facts.read_text(encoding="utf-8"))["parameters"])
