"""Reference results beside the results of this study."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from scenery.evaluation.columns import names_of
from scenery.evaluation.intervals import wilson
from scenery.evaluation.result_tables import completed


def compare_with_reference(
    trials: pd.DataFrame, rows: Sequence[Mapping[str, Any]], images: int
) -> pd.DataFrame:
    """Reference results beside the results of the same settings in this study.

    Args:
        trials: An experiment's trials.csv.
        rows: One per reference result: name, setting (empty: the chosen one), accuracy,
            parameters, source.
        images: Number of validation images.

    Returns:
        The columns of reference_results.csv, rows in the order of the config. Our accuracy is the
        mean over completed repeats with its 95 % Wilson interval; it is empty for a setting that
        was not run.
    """
    chosen = trials.loc[trials["chosen"], "setting"].head(1).tolist()
    good = trials[completed(trials)]
    found = []
    for row in rows:
        setting = row["setting"] or chosen[0]
        ours = good[good["setting"] == setting]
        value = float(ours["validation_accuracy"].mean()) if len(ours) else None
        low, high = wilson(value, images) if value is not None else (None, None)
        found.append(
            {
                "name": row["name"],
                "setting": setting,
                "reference_accuracy": row["accuracy"],
                "validation_accuracy": value,
                "low": low,
                "high": high,
                "difference": None if value is None else value - row["accuracy"],
                "reference_parameters": row["parameters"],
                "parameters": ours["parameters"].iloc[0] if len(ours) else None,
                "trials": len(ours),
                "source": row["source"],
            }
        )
    return pd.DataFrame(found, columns=list(names_of("reference_results")))
