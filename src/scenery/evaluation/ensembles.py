"""Ensembles: the mean of the class probabilities of several models (Dietterich 2000)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from scenery.evaluation.final_scores import (
    ScoredModels,
    correct_answers,
    mean_measures,
    measure_ends,
)
from scenery.evaluation.prediction_scores import score_predictions
from scenery.evaluation.trial_tables import class_probabilities, prediction_table
from scenery.study.scored import ENSEMBLE


def score_ensembles(
    members: Sequence[Sequence[pd.DataFrame]], chosen: ScoredModels, groups: np.ndarray | None
) -> ScoredModels:
    """One ensemble for each repeat, whose members are the models of that repeat.

    Args:
        members: Test predictions of the models of each member, one for each repeat: file, class,
            and a column of probabilities for each class.
        chosen: The chosen setting, which has the same training set.
        groups: Shape (images,): groups of images that are not independent; None: all are.
    """
    tables, metrics = [], []
    for models in zip(*members, strict=False):
        table, probabilities, labels = mean_predictions(models)
        tables.append(table)
        metrics.append(score_predictions(table, probabilities, labels, groups))
    return replace(
        chosen,
        setting=ENSEMBLE,
        roles=(ENSEMBLE,),
        trials=(ENSEMBLE,) * len(tables),
        correct=correct_answers(tables)[1],
        measures=mean_measures(metrics) | measure_ends(tables, groups),
    )


def mean_predictions(
    tables: Sequence[pd.DataFrame],
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Predictions by the mean of the probabilities of models.

    Args:
        tables: Predictions of the same images, in the same order.

    Returns:
        The table of predictions; the probabilities, shape (images, classes); the class numbers,
        shape (images,).

    Raises:
        ValueError: When the tables hold other images, which only a defect can cause.
    """
    files, _ = correct_answers(tables)
    classes, _, labels = class_probabilities(tables[0])
    probabilities = np.mean([class_probabilities(table)[1] for table in tables], axis=0)
    return prediction_table(files, labels, probabilities, classes), probabilities, labels
