"""Labels beside predictions of linear heads that have not seen the image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from scenery.classical.linear_head import LinearHeadFitter, held_out_predictions
from scenery.data.contrast import contrasts
from scenery.data.feature_files import LabeledFeatures
from scenery.data.folds import assign_folds
from scenery.data.tables import class_names, partition_table
from scenery.errors import UserError
from scenery.evaluation.held_out import Files, group_numbers, joined_features
from scenery.evaluation.label_errors import suspect_table

FOLDS = 5
# The mean over divisions finds more wrong labels than one division: of 3 % flipped labels of 2,687
# photographs 91.4 % instead of 90.5 % on average of 10 draws, and 88.9 % instead of 86.4 % in the
# worst. Many images take longer, and their probabilities depend less on the division.
DIVISIONS, MANY_IMAGES = 3, 10_000


class NothingHeldOut(UserError):
    """The images are too few to hold some of them out."""


def check_labels(
    split: pd.DataFrame, features: Sequence[Files], images: Sequence[Path]
) -> pd.DataFrame:
    """All training and validation images, the least probable label first.

    Args:
        split: The split.
        features: Plain features of the training and of the validation images.
        images: The same images packed, .npy files.

    Returns:
        The columns of `suspects.csv` (`scenery.evaluation.columns`).

    Raises:
        NothingHeldOut: The images are too few.
    """
    tables = [partition_table(split, name) for name in ("train", "validation")]
    table, known = pd.concat(tables, ignore_index=True), joined_features(features, tables)
    classes = class_names(split)
    vectors = np.asarray(known.values, np.float64).reshape(len(table), -1)
    found = suspect_table(table, predict_held_out(known, table, len(classes)), vectors, classes)
    shades = [
        contrasts(array, rows["row"].to_numpy()) for array, rows in zip(images, tables, strict=True)
    ]
    of_file = dict(zip(table["file"], np.concatenate(shades), strict=True))
    return found.assign(contrast=found["file"].map(of_file))


def predict_held_out(features: LabeledFeatures, table: pd.DataFrame, classes: int) -> np.ndarray:
    """Class probabilities by linear heads that did not see the image, shape (images, classes).

    They are means over divisions into folds.

    Raises:
        NothingHeldOut: The images are too few.
    """
    divisions = DIVISIONS if len(table) <= MANY_IMAGES else 1
    found = [_predict_held_out(features, table, classes, seed) for seed in range(divisions)]
    return np.mean(found, axis=0)


def _predict_held_out(
    features: LabeledFeatures, table: pd.DataFrame, classes: int, seed: int
) -> np.ndarray:
    """The same of one division."""
    labels = table["label"].to_numpy()
    folds = assign_folds(labels, group_numbers(table), FOLDS, seed)
    if not folds.any():
        raise NothingHeldOut("no class has two independent images, so that none can be held out")
    if any(len(np.unique(labels[folds != number])) < 2 for number in range(folds.max() + 1)):
        raise NothingHeldOut("only one class has images enough to hold some of them out")
    fitter = LinearHeadFitter(features, np.ones(len(table)), classes, standardize=True)
    path = fitter.held_out_path(np.asarray(features.values), folds)
    # A stronger penalty would make all probabilities more alike, and here they are compared.
    return held_out_predictions(path, features.labels, folds, tolerated=0)
