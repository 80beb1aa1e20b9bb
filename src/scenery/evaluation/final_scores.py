"""Scores of scored settings over their repeats, and comparisons between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from scenery.evaluation.class_balance import balanced_intervals_of_models
from scenery.evaluation.columns import names_of
from scenery.evaluation.paired import accuracy_interval, compare_models
from scenery.study.scored import CONTROL, ENSEMBLE, SOUP
from scenery.study.selection import BALANCED, MACRO_F1

# Further measures of metrics.json, of which scores.csv has the means as `test_NAME`.
MEASURES = ("balanced_accuracy", "macro_f1", "macro_precision", "weighted_precision", "top_5")

# Limits of the intervals of balanced accuracy and macro F1.
ENDS = tuple(f"{name}{end}" for name in (BALANCED, MACRO_F1) for end in ("_low", "_high"))

# What the experiment starts from, as a thing to compare with; the other one is its control.
START = "start"


@dataclass(frozen=True)
class ScoredModels:
    """The final models of one setting.

    Attributes:
        experiment: The experiment whose setting it is.
        setting: Digest that its repeats share.
        roles: Why it was scored.
        training_set: Name of its training set.
        trials: The trial of each model.
        correct: Shape (models, images): 1 where a model is right, 0 where it is wrong.
        training_images: Images that the first model learned from.
        measures: Further measures, means over the models, by their names in `MEASURES`, and the
            ends of their intervals, by their names in `ENDS`.
    """

    experiment: str
    setting: str
    roles: tuple[str, ...]
    training_set: str
    trials: tuple[str, ...]
    correct: np.ndarray
    training_images: int
    measures: Mapping[str, float] = field(default_factory=dict)


def correct_answers(tables: Sequence[pd.DataFrame]) -> tuple[list[str], np.ndarray]:
    """The files, and which of them each model classified correctly: shape (models, images).

    Args:
        tables: Predictions of models on the same images: file, correct.

    Raises:
        ValueError: When the tables hold other images, which only a defect can cause.
    """
    files = [str(file) for file in tables[0]["file"]]
    rows = []
    for table in tables:
        if [str(file) for file in table["file"]] != files:
            raise ValueError("the final models were scored on different images")
        rows.append(table["correct"].to_numpy(dtype=float))
    return files, np.array(rows)


def mean_measures(metrics: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Means over the final models of those measures that all of them have.

    Args:
        metrics: metrics.json of each model.
    """
    return {
        name: float(np.mean([one[name] for one in metrics]))
        for name in MEASURES
        if all(one.get(name) is not None for one in metrics)
    }


def measure_ends(tables: Sequence[pd.DataFrame], groups: np.ndarray | None) -> dict[str, float]:
    """The ends of the intervals of the measures that count every class the same.

    Args:
        tables: Predictions of the models on the same images: class, predicted.
        groups: As of `score_table`.
    """
    true = [str(name) for name in tables[0]["class"]]
    predicted = [[str(name) for name in table["predicted"]] for table in tables]
    found = balanced_intervals_of_models(true, predicted, groups)
    return {name: found[name] for name in ENDS}


def score_table(scored: Sequence[ScoredModels], groups: np.ndarray | None) -> pd.DataFrame:
    """The columns of scores.csv: the mean over the final models of each setting.

    Args:
        scored: The settings.
        groups: Shape (images,): groups of images that are not independent; None: all are.
    """
    rows = []
    for one in scored:
        low, high = accuracy_interval(one.correct, groups)
        images = one.correct.shape[1]
        rows.append(
            {
                "experiment": one.experiment,
                "setting": one.setting,
                "trial": one.trials[0],
                "roles": ", ".join(one.roles),
                "training_set": one.training_set,
                "training_images": one.training_images,
                "models": len(one.correct),
                "test_accuracy": float(one.correct.mean()),
                "test_low": low,
                "test_high": high,
                "test_images": images,
                "independent_images": images if groups is None else len(np.unique(groups)),
                **{f"test_{name}": one.measures.get(name) for name in (*MEASURES, *ENDS)},
            }
        )
    return pd.DataFrame(rows, columns=list(names_of("scores")))


def comparison_table(
    scored: Sequence[ScoredModels], before: Sequence[ScoredModels], groups: np.ndarray | None
) -> pd.DataFrame:
    """The columns of comparisons.csv: the chosen setting beside what it is compared with.

    These are its control, the ensemble, the soup, and what the experiment starts from.

    Only settings with the same training set are compared. Repeats are paired by their number, so
    that both models of a pair have the same seed and the same sample of training images.

    Args:
        scored: The settings of the experiment, the chosen one first.
        before: The settings of the experiment that it starts from, its chosen one first.
        groups: As of `score_table`.
    """
    chosen = scored[0]
    references = [
        (role, one) for role in (CONTROL, ENSEMBLE, SOUP) for one in scored if role in one.roles
    ]
    same_set = [one for one in before if one.training_set == chosen.training_set]
    known = {one.setting for _, one in references}
    references += [(START, one) for one in same_set[:1] if one.setting not in known]
    rows = []
    for against, other in references:
        models = min(len(chosen.correct), len(other.correct))
        same = other.setting == chosen.setting
        found = compare_models(other.correct[:models], chosen.correct[:models], groups)
        rows.append(
            {
                "experiment": chosen.experiment,
                "against": against,
                "against_experiment": other.experiment,
                "setting": chosen.setting,
                "against_setting": other.setting,
                "training_set": chosen.training_set,
                "training_images": chosen.training_images,
                "models": models,
                "against_accuracy": float(other.correct.mean()),
                "difference": 0.0 if same else found.difference,
                "p_value": 1.0 if same else found.p_value,
                "smallest_difference": found.smallest,
                "same": same,
            }
        )
    return pd.DataFrame(rows, columns=list(names_of("comparisons")))


def summary_columns(scores: pd.DataFrame) -> pd.DataFrame:
    """The columns of scores.csv that summary.csv takes over, with the rows that they belong to."""
    columns = ["test_accuracy", "test_low", "test_high", "test_images"]
    return scores[
        ["experiment", "trial", *columns, *(f"test_{name}" for name in (*MEASURES, *ENDS))]
    ]


def chosen_score(scores: pd.DataFrame) -> Mapping[str, Any]:
    """The row of the chosen setting."""
    return {str(name): value for name, value in scores.iloc[0].items()}
