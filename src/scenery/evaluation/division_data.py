"""Features of all images of a study, in another division into training and test images."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scenery.data.feature_files import LabeledFeatures
from scenery.data.tables import class_names, partition_table
from scenery.evaluation.held_out import HeldOutData, divisions, in_folds, joined_features
from scenery.evaluation.trial_data import TrialData, frozen_parameters
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.divisions import DivisionTrial
from scenery.study.resampling import Resampling

# The partitions of the study, in the order in which their features are joined.
PARTITIONS = ("train", "validation", "test")


@dataclass(frozen=True)
class FinalData:
    """What a final model of a division learns from, and the images that it has not seen.

    Attributes:
        training: Features to learn from.
        table: The rows of these images.
        validation: Features of the images by which an epoch is chosen; None in a refit.
        folds: Shape (repeats, images), folds of the training images; None: there are none.
        unseen: Plain features of the test images of the division.
    """

    training: LabeledFeatures
    table: pd.DataFrame
    validation: LabeledFeatures | None
    folds: np.ndarray | None
    unseen: LabeledFeatures


class DivisionData(TrialData[DivisionTrial]):
    """The trials of an experiment in another division.

    Features are those that the study computed once: rows of their arrays are found by file name.

    Args:
        split: The split of the study, to which the arrays belong.
        division: The division, with the same columns.
        resampling: The folds in which trials are scored; None: the validation share.
    """

    def __init__(
        self, split: pd.DataFrame, division: pd.DataFrame, resampling: Resampling | None
    ) -> None:
        self._of_study = [partition_table(split, name) for name in PARTITIONS]
        self.classes = class_names(division)
        train, validation, test = (partition_table(division, name) for name in PARTITIONS)
        self.train, self.validation, self.test = train, validation, test
        files = pd.concat(self._of_study)["file"]
        place = dict(zip(files, range(len(files)), strict=True))
        self._places = {
            id(table): np.array([place[file] for file in table["file"]], np.int64)
            for table in (train, validation, test)
        }
        self._resampling = resampling if in_folds(resampling, division) else None
        self._features = functools.lru_cache(maxsize=4)(self._read)
        self._held_out = functools.lru_cache(maxsize=2)(self._read_held_out)

    @property
    def refit_table(self) -> pd.DataFrame:
        """Training and validation images of the division."""
        return pd.concat([self.train, self.validation], ignore_index=True)

    def training(self, trial: DivisionTrial) -> LabeledFeatures:
        """The features that a trial learns from if it is not scored in folds."""
        return self._some(trial.training, self.train)

    def training_table(self, trial: DivisionTrial) -> pd.DataFrame:
        """The rows of these images."""
        return self.train

    def validating(self, trial: DivisionTrial) -> LabeledFeatures:
        """The features of the validation images."""
        return self._some(trial.plain, self.validation)

    def held_out(self, trial: DivisionTrial) -> HeldOutData | None:
        """All training images with their folds; None for a trial that is scored on a share."""
        if self._resampling is None:
            return None
        return self._held_out(trial.training, trial.plain)

    def frozen_parameters(self, trial: DivisionTrial) -> int:
        """Number of weights of the backbone."""
        return frozen_parameters(trial.plain[0].facts)

    def final(self, trial: DivisionTrial, refit: bool) -> FinalData:
        """What the final model of a trial learns from.

        Args:
            trial: The trial.
            refit: Whether it learns from training and validation images, or as its trial did.
        """
        unseen = self._some(trial.plain, self.test)
        if not refit:
            known = self.training(trial), self.train, self.validating(trial)
            return FinalData(*known, folds=None, unseen=unseen)
        table = self.refit_table
        folds = None if self._resampling is None else divisions(self._resampling, table)
        learned = self._some(trial.training, self.train, self.validation)
        return FinalData(learned, table, validation=None, folds=folds, unseen=unseen)

    def _some(self, files: tuple[ArrayFiles, ...], *tables: pd.DataFrame) -> LabeledFeatures:
        places: Sequence[np.ndarray] = [self._places[id(table)] for table in tables]
        return self._features(files).of_images(np.concatenate(places))

    def _read(self, files: tuple[ArrayFiles, ...]) -> LabeledFeatures:
        return joined_features(files, self._of_study)

    def _read_held_out(
        self, training: tuple[ArrayFiles, ...], plain: tuple[ArrayFiles, ...]
    ) -> HeldOutData:
        assert self._resampling is not None
        table = self.refit_table
        learned = self._some(training, self.train, self.validation)
        return HeldOutData(
            training=learned,
            plain=learned if training == plain else self._some(plain, self.train, self.validation),
            table=table,
            divisions=divisions(self._resampling, table),
        )
