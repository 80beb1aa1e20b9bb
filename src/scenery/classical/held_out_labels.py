"""Labels beside predictions of linear heads that have not seen the image."""

import numpy as np
import pandas as pd

from scenery.classical.linear_head import LinearHeadFitter, held_out_predictions
from scenery.data.feature_files import LabeledFeatures
from scenery.data.folds import assign_folds
from scenery.errors import UserError
from scenery.evaluation.held_out import group_numbers
from scenery.evaluation.label_errors import suspect_table

FOLDS = 5


class NothingHeldOut(UserError):
    """The images are too few to hold some of them out."""


def check_labels(
    features: LabeledFeatures, table: pd.DataFrame, classes: list[str]
) -> pd.DataFrame:
    """All images, the least probable label first.

    Args:
        features: Plain features.
        table: The same images: file, class, label, contrast, and group where they have one.
        classes: Class names in the order of their numbers.

    Returns:
        The columns of `suspects.csv` (`scenery.evaluation.columns`).

    Raises:
        NothingHeldOut: The images are too few.
    """
    vectors = np.asarray(features.values, np.float64).reshape(len(table), -1)
    found = suspect_table(table, predict_held_out(features, table, len(classes)), vectors, classes)
    of_file = dict(zip(table["file"], table["contrast"], strict=True))
    return found.assign(contrast=found["file"].map(of_file))


def predict_held_out(features: LabeledFeatures, table: pd.DataFrame, classes: int) -> np.ndarray:
    """Class probabilities by linear heads that did not see the image, shape (images, classes).

    Raises:
        NothingHeldOut: The images are too few.
    """
    labels = table["label"].to_numpy()
    folds = assign_folds(labels, group_numbers(table), FOLDS, seed=0)
    if not folds.any():
        raise NothingHeldOut("no class has two independent images, so that none can be held out")
    if any(len(np.unique(labels[folds != number])) < 2 for number in range(folds.max() + 1)):
        raise NothingHeldOut("only one class has images enough to hold some of them out")
    fitter = LinearHeadFitter(features, np.ones(len(table)), classes, standardize=True)
    path = fitter.held_out_path(np.asarray(features.values), folds)
    # A stronger penalty would make all probabilities more alike, and here they are compared.
    return held_out_predictions(path, features.labels, folds, tolerated=0)
