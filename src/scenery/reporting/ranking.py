"""Trials gathered by setting: repeats with other seeds are one setting."""

import json
from typing import Any

import pandas as pd

from scenery.evaluation.result_tables import completed, count_failed
from scenery.reporting.labels import is_missing, named_value, plural, setting_label, setting_value
from scenery.reporting.reading import Choice

NAMES = ("backbone", "classifier.name", "encoding.name", "optimizer.name", "schedule.name")


def tried(trials: pd.DataFrame) -> str:
    """ "24 trials (3 failed)": said next to every best result."""
    failed = count_failed(trials)
    return plural(len(trials), "trial") + (f" ({failed} failed)" if failed else "")


def varied_columns(trials: pd.DataFrame, choice: Choice) -> list[str]:
    """The settings that the experiment varies, as far as the table has them.

    For `early_stopping: [null, {patience: 10}]`, the name holds the patience alone.
    """
    return [
        name
        for name in choice.varied
        if name in trials.columns
        and not any(other.startswith(f"{name}.") for other in choice.varied)
    ]


def _labels(settings: pd.DataFrame, choice: Choice, varied: list[str]) -> list[str]:
    """A line for each row, one row for each setting.

    The entries of a list may change ten settings alike. So of those it says first what tells them
    apart, then what else only some have. It says nothing of what an entry inherits.
    """
    given = settings["name"].astype(str).tolist()
    if not varied:
        return given
    if choice.arrangement != "list":
        rows = settings[varied].to_dict("records")
        return [setting_label({str(name): value for name, value in row.items()}) for row in rows]
    texts = settings[varied].map(lambda value: "" if is_missing(value) else repr(value))
    apart = _telling_apart(texts)
    usual = {name: texts[name].mode().iloc[0] for name in varied if name not in apart}
    labels = []
    for (place, text), name in zip(texts.iterrows(), given, strict=True):
        shown = apart + [other for other in usual if text[other] != usual[other]]
        own: Any = settings.at[place, "own"]
        words = [
            _said(other, settings.at[place, other])
            for other in shown
            if text[other] and (own is None or other in own)
        ]
        labels.append(", ".join(words) or name)
    return labels if len(set(labels)) == len(labels) else given


def _said(name: str, value: object) -> str:
    # A backbone's name needs no word before it.
    return setting_value(value) if name == "backbone" else named_value(name, value)


def _telling_apart(texts: pd.DataFrame) -> list[str]:
    """The backbone and the fewest columns, found one by one, in which no two rows are the same."""
    columns = [str(name) for name in texts]
    chosen = [name for name in columns if name == "backbone"]

    def groups(names: list[str]) -> int:
        return len(texts.drop_duplicates(subset=names))

    while others := [name for name in columns if name not in chosen]:
        best = max(others, key=lambda name: groups([*chosen, name]))
        if chosen and groups([*chosen, best]) == groups(chosen):
            break
        chosen.append(best)
    # What a thing is called comes before what is said of it.
    return sorted(chosen, key=lambda name: (name not in NAMES, columns.index(name)))


def rank_settings(trials: pd.DataFrame, choice: Choice) -> pd.DataFrame:
    """One row per setting, best mean validation accuracy first, wholly failed ones last.

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
                "name": first["name"],
                "validation_accuracy": done["validation_accuracy"].mean(),
                "repeats": len(done),
                "failed": len(group) - len(done),
                "chosen": bool(group["chosen"].any()),
                "parameters": group["parameters"].mean() if "parameters" in group else None,
                "seconds": done["seconds"].mean() if "seconds" in group else None,
                "own": json.loads(first["varied"]) if "varied" in first else None,
                **{name: first[name] for name in varied},
            }
        )
    table = pd.DataFrame(rows)
    table["label"] = _labels(table, choice, varied)
    return (
        table.drop(columns="own")
        .sort_values("validation_accuracy", ascending=False, na_position="last", kind="stable")
        .reset_index(drop=True)
    )
