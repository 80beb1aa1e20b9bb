"""How sure the choice of an experiment is: one row for each of its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scenery.config.experiment import Choose
from scenery.evaluation.choice_statistics import (
    ChoiceStatistics,
    Rule,
    bootstrap_choice,
    epoch_optimism,
    held_out_matrix,
    rule_of,
)
from scenery.evaluation.columns import names_of
from scenery.evaluation.paired import (
    Difference,
    accuracy_interval,
    compare_models,
    corrected_resampled_test,
    holm,
)
from scenery.evaluation.result_tables import completed
from scenery.evaluation.status import TrialStatus

Array = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """Held-out predictions of the settings of an experiment.

    Attributes:
        correct: By setting, in the order of their first trial: an array of shape (repeats, images).
        groups: Shape (images,): groups of images that are not independent; None: all are.
    """

    correct: dict[str, Array]
    groups: NDArray[np.intp] | None


def selection_table(
    trials: pd.DataFrame,
    history: pd.DataFrame,
    predictions: pd.DataFrame,
    groups: Mapping[str, int] | None,
    how: Choose,
) -> pd.DataFrame:
    """The columns of selection.csv: one row for each setting that could be chosen.

    Args:
        trials: The trials of the experiment: trial, setting, repeat, status, candidate, chosen,
            validation_accuracy, validation_loss, parameters.
        history: One row per trial and epoch.
        predictions: Held-out predictions of the trials: trial, file, class, predicted, and with
            folds fold (and repeat).
        groups: Number of the group of each file; None: all images are independent.
        how: The rule of choice.
    """
    able = _able(trials)
    held_out = _held_out(able, predictions, groups)
    settings = list(held_out.correct)
    means = np.array([values.mean(axis=0) for values in held_out.correct.values()])
    statistics = bootstrap_choice(means, _rule(able, how), held_out.groups)
    chosen = str(able.loc[able["chosen"], "setting"].iloc[0])
    differences = {
        setting: _compare(able, predictions, held_out, setting, chosen)
        for setting in settings
        if setting != chosen
    }
    p_values = holm([one.p_value for one in differences.values()])
    adjusted = dict(zip(differences, p_values, strict=True))
    first_trials = able.drop_duplicates("setting").set_index("setting")["trial"]
    rows: list[dict[str, Any]] = []
    for place, setting in enumerate(settings):
        row = {
            "trial": first_trials[setting],
            "setting": setting,
            "chosen_share": float(statistics.shares[place]),
        }
        if setting == chosen:
            row |= _of_choice(able, history, held_out, statistics)
        else:
            row |= {
                "to_chosen": -differences[setting].difference,
                "p_to_chosen": adjusted[setting],
                "smallest_to_chosen": differences[setting].smallest,
            }
        rows.append(row)
    return pd.DataFrame(rows, columns=list(names_of("selection")))


def _able(trials: pd.DataFrame) -> pd.DataFrame:
    """The trials of the settings that can be chosen: allowed, and all repeats completed."""
    allowed = trials[trials["candidate"]]
    good = completed(allowed) & (allowed["status"] == TrialStatus.COMPLETED)
    return allowed[good.groupby(allowed["setting"]).transform("all")]


def _rule(able: pd.DataFrame, how: Choose) -> Rule:
    settings = able.groupby("setting", sort=False)
    return rule_of(
        how,
        settings["validation_loss"].mean().to_numpy(dtype=float),
        settings["parameters"].first().to_numpy(dtype=float),
        np.asarray(settings["validation_accuracy"].sem().fillna(0.0), dtype=np.float64),
        settings["milliseconds"].first().to_numpy(dtype=float) if "milliseconds" in able else None,
    )


def _held_out(
    able: pd.DataFrame, predictions: pd.DataFrame, groups: Mapping[str, int] | None
) -> HeldOut:
    files, correct = held_out_matrix(predictions, able["trial"].tolist())
    places = able.reset_index(drop=True).groupby("setting", sort=False).indices
    return HeldOut(
        {str(setting): correct[rows] for setting, rows in places.items()},
        None if groups is None else np.array([groups[file] for file in files]),
    )


def _compare(
    able: pd.DataFrame, predictions: pd.DataFrame, held_out: HeldOut, setting: str, chosen: str
) -> Difference:
    """The chosen setting minus another one, on held-out images."""
    folds = predictions["fold"].nunique() if "fold" in predictions else 1
    if folds > 1:
        scores = [_fold_scores(able, predictions, name) for name in (chosen, setting)]
        pairs = pd.concat(scores, axis=1, join="inner").to_numpy(dtype=float)
        return corrected_resampled_test(pairs[:, 0] - pairs[:, 1], 1 / (folds - 1))
    other, own = held_out.correct[setting], held_out.correct[chosen]
    return compare_models(other, own, held_out.groups)


def _fold_scores(able: pd.DataFrame, predictions: pd.DataFrame, setting: str) -> pd.Series:
    """The accuracy of a setting in each fold of each repeat."""
    number = able.loc[able["setting"] == setting].set_index("trial")["repeat"]
    rows = predictions[predictions["trial"].isin(number.index)]
    correct = (rows["class"] == rows["predicted"]).astype(float)
    keys = [rows["trial"].map(number).rename("of_trial"), rows["fold"]]
    if "repeat" in rows:
        keys.append(rows["repeat"])
    return correct.groupby(keys).mean()


def _of_choice(
    able: pd.DataFrame, history: pd.DataFrame, held_out: HeldOut, statistics: ChoiceStatistics
) -> dict[str, Any]:
    """The columns that only the row of the chosen setting has."""
    rows = able[able["chosen"]]
    correct = held_out.correct[str(rows["setting"].iloc[0])]
    luck = [epoch_optimism(history[history["trial"] == trial]) for trial in rows["trial"]]
    corrected = statistics.corrected - float(np.mean(luck))
    low, high = accuracy_interval(correct, held_out.groups)
    # The interval of the score, moved to the corrected accuracy.
    shift = corrected - float(correct.mean())
    return {
        "corrected_accuracy": min(max(corrected, 0.0), 1.0),
        "corrected_low": max(low + shift, 0.0),
        "corrected_high": min(high + shift, 1.0),
        "expected_loss": statistics.expected_loss,
    }
