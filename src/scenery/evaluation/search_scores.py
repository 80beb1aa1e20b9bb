"""The measures of trials by which a search proposes further trials."""

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from scenery.evaluation.measures import measure_column
from scenery.evaluation.status import TrialStatus


def milliseconds_of(trials: Sequence[str], speeds: Mapping[str, Path]) -> list[float]:
    """The time of a prediction of each trial.

    Args:
        trials: Ids of trials.
        speeds: The file of each trial's network. Other trials have NaN.
    """
    files = {path: path.read_text(encoding="utf-8") for path in set(speeds.values())}
    times = {path: float(json.loads(text)["milliseconds"]) for path, text in files.items()}
    return [times[speeds[trial]] if trial in speeds else math.nan for trial in trials]


def score_settings(
    table: pd.DataFrame,
    settings: Sequence[Sequence[str]],
    measures: Sequence[str],
    status: TrialStatus = TrialStatus.COMPLETED,
) -> list[tuple[float, ...] | None]:
    """The measures of settings: means over their repeats.

    Args:
        table: Metrics of all trials.
        settings: For each setting the ids of its repeats.
        measures: Names as of `choose.by`.
        status: The status that a trial needs to have.

    Returns:
        For each setting its measures; None if it has no trials or one of them has no result.
    """
    columns = [measure_column(measure) for measure in measures]
    found: dict[str, tuple[float, ...]] = {}
    for row in table.to_dict("records"):
        values = tuple(float(row[column]) for column in columns)
        if row["status"] == status and all(map(math.isfinite, values)):
            found[str(row["trial"])] = values
    return [_mean([found.get(trial) for trial in trials]) for trials in settings]


def _mean(repeats: Sequence[tuple[float, ...] | None]) -> tuple[float, ...] | None:
    complete = [one for one in repeats if one is not None]
    if not complete or len(complete) < len(repeats):
        return None
    return tuple(map(statistics.fmean, zip(*complete, strict=True)))
