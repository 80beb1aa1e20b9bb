"""Trials gathered by setting: repeats with other seeds are one setting."""

import pandas as pd

from scenery.presentation.reading import Choice
from scenery.presentation.words import setting_label


def completed(trials: pd.DataFrame) -> pd.Series:
    """Which trials ended with a validation accuracy."""
    return (trials["status"] != "diverged") & trials["validation_accuracy"].notna()


def ended_early(trials: pd.DataFrame) -> pd.Series:
    """Which trials ended half-way, since others were better."""
    return trials["status"] == "stopped"


def varied_columns(trials: pd.DataFrame, choice: Choice) -> list[str]:
    """The settings that the experiment varies, as far as the table has them.

    Of `early_stopping: [null, {patience: 10}]` the patience says all there is to say.
    """
    return [
        name
        for name in choice.varied
        if name in trials.columns
        and not any(other.startswith(f"{name}.") for other in choice.varied)
    ]


def label_of(row: pd.Series, choice: Choice, varied: list[str]) -> str:
    """A setting in words: its given name in a list, its varied settings otherwise."""
    if choice.kind == "list" or not varied:
        return str(row["name"])
    return setting_label({name: row[name] for name in varied})


def rank_settings(trials: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """One row per setting, best mean validation accuracy first, wholly diverged ones last.

    Columns: setting, label, validation_accuracy (mean over the completed repeats; NaN if none),
    repeats (completed), failed, chosen, parameters, seconds (means), and the varied settings.
    """
    varied = varied_columns(trials, choice)
    good = completed(trials)
    rows = []
    for setting, group in trials.groupby("setting", sort=False):
        first = group.iloc[0]
        done = group[good.loc[group.index]]
        rows.append(
            {
                "setting": setting,
                "label": label_of(first, choice, varied),
                "validation_accuracy": done["validation_accuracy"].mean(),
                "repeats": len(done),
                "failed": len(group) - len(done),
                "chosen": bool(group["chosen"].any()),
                "parameters": group["parameters"].mean() if "parameters" in group else None,
                "seconds": done["seconds"].mean() if "seconds" in group else None,
                **{name: first[name] for name in varied},
            }
        )
    table = pd.DataFrame(rows)
    return table.sort_values(
        "validation_accuracy", ascending=False, na_position="last", kind="stable"
    ).reset_index(drop=True)
