"""Reading and joining the tables of trials."""

import math
import os
from collections.abc import Mapping
from typing import Any

import pandas as pd

from scenery.evaluation.columns import text_columns
from scenery.evaluation.status import WITHOUT_RESULT, TrialStatus
from scenery.study.selection import Result


def read_results(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a table of trials or epochs; empty cells are missing values, names are texts.

    Use this rather than `pandas.read_csv`, which reads a name such as `NA` or `007` as a missing
    value or a number.
    """
    return pd.read_csv(
        path,
        dtype=dict.fromkeys(text_columns(), object),
        keep_default_na=False,
        na_values=[""],
    )


def with_reference_results(trials: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Trials with the highest reference result of their setting."""
    best = reference.sort_values("reference_accuracy", ascending=False, kind="stable")
    best = best.drop_duplicates("setting").rename(columns={"source": "reference_source"})
    columns = ["reference_accuracy", "reference_parameters", "reference_source"]
    return trials.merge(best[["setting", *columns]], on="setting", how="left")


def with_selection(trials: pd.DataFrame, selection: pd.DataFrame) -> pd.DataFrame:
    """Trials with what selection.csv says of their setting, in its first row."""
    columns = [name for name in selection if name != "setting"]
    return trials.merge(selection[columns], on="trial", how="left", validate="one_to_one")


def completed(trials: pd.DataFrame) -> pd.Series:
    """Which trials have a validation accuracy."""
    return ~trials["status"].isin(WITHOUT_RESULT) & trials["validation_accuracy"].notna()


def count_failed(trials: pd.DataFrame) -> int:
    """How many trials have no result."""
    return int((~completed(trials)).sum())


def ended_early(trials: pd.DataFrame) -> pd.Series:
    """Which trials successive halving stopped."""
    return trials["status"] == TrialStatus.STOPPED


def as_result(row: Mapping[str, Any]) -> Result:
    """A row of trials.csv as `study.selection` takes it."""
    return Result(
        trial=row["trial"],
        setting=row["setting"],
        completed=row["status"] == TrialStatus.COMPLETED,
        accuracy=row["validation_accuracy"],
        loss=row["validation_loss"],
        parameters=int(row["parameters"]),
        allowed=bool(row["candidate"]),
        balanced_accuracy=row["validation_balanced_accuracy"],
        macro_f1=row["validation_macro_f1"],
        cost=row.get("validation_cost", math.nan),
        milliseconds=row.get("milliseconds", math.nan),
    )
