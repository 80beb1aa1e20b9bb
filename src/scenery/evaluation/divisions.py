"""What experiments choose in several divisions into training and test images, and how it tests."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from scenery.evaluation.columns import names_of
from scenery.evaluation.paired import divisions_interval

# Fewer have no interval.
MIN_DIVISIONS = 2


@dataclass(frozen=True)
class DivisionSummary:
    """One experiment in all divisions.

    Attributes:
        experiment: Its name.
        divisions: Number of divisions with a result.
        chosen: Digest and name of each setting that was chosen, and in how many divisions, the
            most frequent one first.
        as_study: Number of divisions that choose the setting of the study.
        accuracy: Mean test accuracy of what each division chose.
        low, high: Its 95 % interval over divisions and images.
        given_test: Whether the data set gives the test partition of the study.
        failed: Number of divisions without a result.
        left_out: Why the experiment was not divided again; empty if it was.
    """

    experiment: str
    divisions: int = 0
    chosen: tuple[tuple[str, str, int], ...] = ()
    as_study: int = 0
    accuracy: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    given_test: bool = False
    failed: int = 0
    left_out: str = ""


def division_table(
    choices: Mapping[str, Sequence[Mapping[str, Any]]],
    trials: Mapping[str, pd.DataFrame],
    left_out: Mapping[str, str],
) -> pd.DataFrame:
    """The columns of divisions.csv.

    Args:
        choices: By experiment, what `score_division` found in each division.
        trials: By experiment, its trials.csv.
        left_out: Why experiments were not divided again, by name.
    """
    rows: list[dict[str, Any]] = []
    for experiment, found in choices.items():
        table = trials[experiment]
        name_of = dict(zip(table["setting"], table["name"], strict=True))
        chosen = set(table.loc[table["chosen"], "setting"])
        for choice in found:
            setting = choice.get("setting", "")
            extra = {"name": name_of.get(setting, ""), "as_study": setting in chosen}
            rows.append({**choice, **extra, "experiment": experiment})
    rows += [{"experiment": name, "reason": reason} for name, reason in left_out.items()]
    return pd.DataFrame(rows, columns=list(names_of("divisions")))


def summarize_divisions(table: pd.DataFrame) -> list[DivisionSummary]:
    """One summary for each experiment of divisions.csv, in its order.

    Args:
        table: As from `division_table`.
    """
    return [
        _summary(str(experiment), rows)
        for experiment, rows in table.groupby("experiment", sort=False)
    ]


def _summary(experiment: str, rows: pd.DataFrame) -> DivisionSummary:
    if rows["division"].isna().all():
        return DivisionSummary(experiment, left_out=str(rows["reason"].iloc[0]))
    tested = rows[rows["test_accuracy"].notna()]
    failed = len(rows) - len(tested)
    if len(tested) < MIN_DIVISIONS:
        return DivisionSummary(experiment, divisions=len(tested), failed=failed)
    counts = Counter(zip(tested["setting"], tested["name"], strict=True)).most_common()
    test, training = float(tested["test_images"].mean()), float(tested["training_images"].mean())
    accuracies = tested["test_accuracy"].to_numpy(dtype=float)
    low, high = divisions_interval(accuracies, test / training, round(test + training))
    return DivisionSummary(
        experiment=experiment,
        divisions=len(tested),
        chosen=tuple((str(setting), str(name), count) for (setting, name), count in counts),
        as_study=int(tested["as_study"].astype(bool).sum()),
        accuracy=float(accuracies.mean()),
        low=low,
        high=high,
        given_test=bool(tested["given_test"].astype(bool).any()),
        failed=failed,
    )
