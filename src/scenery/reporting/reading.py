"""The study's tables, read from disk with the right types.

Everything is read as text first: a class named "None" or "NA" is a name here, not a gap.
"""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from scenery.data.tables import NAME_COLUMNS
from scenery.errors import UserError

_NUMBERS = {
    "repeat", "parameters", "trained_parameters", "epochs", "epochs_run", "best_epoch",
    "train_accuracy",
    "train_loss", "validation_accuracy", "validation_loss", "gap", "seconds", "peak_memory_mb",
    "published_accuracy", "published_parameters", "test_accuracy", "test_low", "test_high",
    "test_images", "epoch", "learning_rate", "loss",
    "accuracy", "confidence", "precision", "recall", "f1", "images", "width", "height", "bytes",
    "label", "row", "low", "high", "difference", "trials",
}  # fmt: skip
_TRUTH_VALUES = {"chosen", "correct", "kept", "overfitting"}
_TEXTS = {
    "file", "class", "predicted", "experiment", "trial", "name", "setting", "title", "reason",
    "status", "rule", "partition", "given_partition", "problem", "duplicate_group",
    "duplicate_kind", "digest", "mode", "format", "step", "source", "published_source",
}  # fmt: skip

TRIAL_COLUMNS = ("experiment", "trial", "name", "setting", "repeat")
RESULT_COLUMNS = (
    "rule", "varied", "status", "reason", "parameters", "trained_parameters", "epochs_run",
    "best_epoch", "candidate",
    "train_accuracy", "train_loss", "validation_accuracy", "validation_loss", "gap", "overfitting",
    "seconds", "peak_memory_mb", "chosen", "title", "test_accuracy", "test_low", "test_high",
    "test_images", "published_accuracy", "published_parameters", "published_source",
)  # fmt: skip


def _typed(column: pd.Series) -> pd.Series:
    """Numbers where all filled cells are numbers, texts otherwise; empty cells become None."""
    name = str(column.name)
    if name in _TEXTS:
        return column
    if name in _TRUTH_VALUES:
        return column.str.lower().isin(["true", "1", "yes"])
    if name in _NUMBERS or name.startswith("probability:"):
        return pd.to_numeric(column, errors="coerce")
    if name in NAME_COLUMNS:
        return column.where(column != "", None)
    filled = column[column != ""]
    numbers = pd.to_numeric(filled, errors="coerce")
    if len(filled) and numbers.notna().all():
        return numbers.reindex(column.index)
    return column.where(column != "", None)


def read_table(
    path: str | Path, needed: tuple[str, ...], left_out: tuple[str, ...] = ()
) -> pd.DataFrame:
    """A CSV of the study. Raises UserError naming the file and the columns that it lacks."""
    try:
        table = pd.read_csv(
            path,
            dtype=str,
            na_filter=False,
            usecols=lambda name: name not in left_out,
        )
    except (OSError, pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise UserError(f"{path}: the table can't be read: {error}") from error
    missing = [column for column in needed if column not in table]
    if missing:
        raise UserError(f"{path}: the table lacks the columns {', '.join(missing)}")
    # `DataFrame.apply` would leave the columns of a table without rows as they are.
    return pd.DataFrame({name: _typed(table[name]) for name in table})


def read_trials(path: str | Path) -> pd.DataFrame:
    """The trials of an experiment, or of all experiments (summary.csv)."""
    return read_table(path, (*TRIAL_COLUMNS, "status", "validation_accuracy", "chosen"))


def read_history(path: str | Path) -> pd.DataFrame:
    """One row per trial and epoch."""
    return read_table(
        path,
        (
            "trial",
            "step",
            "epoch",
            "loss",
            "accuracy",
            "validation_loss",
            "validation_accuracy",
        ),
    )


def read_predictions(path: str | Path) -> pd.DataFrame:
    """One row per image: its class, what was predicted, and a probability for each class."""
    return read_table(path, ("file", "class", "predicted", "correct", "confidence"))


def read_confusion(path: str | Path) -> pd.DataFrame:
    """Counts of images, one row per true class and one column per predicted class."""
    table = pd.read_csv(path, keep_default_na=False, dtype={0: str})
    table = table.set_index(table.columns[0])
    table.index = table.index.astype(str)
    return table.astype(int)


def read_classes(path: str | Path) -> pd.DataFrame:
    """Precision, recall, F1 and number of images for each class."""
    return read_table(path, ("class", "precision", "recall", "f1", "images"))


def read_catalogue(path: str | Path) -> pd.DataFrame:
    """One row per image file found; `duplicate_group` is empty where there is no duplicate.

    What no page shows of each image is left out: of many images it would fill the memory.
    """
    table = read_table(
        path,
        ("file", "class", "problem", "duplicate_group", "kept", "reason"),
        left_out=("width", "height", "mode", "format", "bytes", "digest"),
    )
    # On disk the groups count from 1, and 0 is none.
    return table.assign(duplicate_group=table["duplicate_group"].replace("0", ""))


def read_split(path: str | Path) -> pd.DataFrame:
    """One row per image used: class and partition."""
    return read_table(path, ("file", "class", "partition"), left_out=("row",))


def read_answers(path: str | Path) -> pd.DataFrame:
    """One row per validation image: its class, the answer, and its place in the plane."""
    table = read_table(path, ("file", "class", "predicted", "correct", "confidence"))
    for column in ("pca_1", "pca_2", "share_1", "share_2", "tsne_1", "tsne_2"):
        # Without an image placed by t-SNE a column is empty.
        table[column] = pd.to_numeric(table[column], errors="coerce")
    return table


def read_layers(path: str | Path) -> pd.DataFrame:
    """One row per layer of a final model, from the image to the probabilities."""
    return read_table(path, ("number", "layer", "kind", "part", "output", "receptive_field"))


def read_published(path: str | Path) -> pd.DataFrame:
    """Published numbers beside ours, one row each."""
    return read_table(
        path, ("name", "setting", "published_accuracy", "validation_accuracy", "source")
    )


def read_metrics(path: str | Path) -> dict[str, Any]:
    """What was measured on the test partition, as written by `evaluate`."""
    metrics = json.loads(Path(path).read_text(encoding="utf-8"))
    missing = [key for key in ("accuracy", "images", "low", "high") if key not in metrics]
    if missing:
        raise UserError(f"{path}: the measurements lack {', '.join(missing)}")
    return dict(metrics)


@dataclass(frozen=True)
class Choice:
    """What an experiment chose, as written by `choose` (accuracies from 0 to 1)."""

    experiment: str
    title: str
    trial: str
    name: str
    setting: str
    repeats: int
    rule: str
    candidates: int
    failed: int
    validation_accuracy: float
    validation_loss: float
    validation_images: int
    parameters: int
    best_epoch: float
    varied: list[str]
    kind: str
    settings: dict[str, Any]
    learning_rates: list[float] = field(default_factory=list)


def read_choice(path: str | Path) -> Choice:
    """Read a chosen.yaml. Raises UserError naming the keys that it lacks."""
    values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    names = {item.name for item in fields(Choice)}
    missing = sorted(names - set(values) - {"learning_rates"})
    if missing:
        raise UserError(f"{path}: the choice lacks {', '.join(missing)}")
    return Choice(**{name: value for name, value in values.items() if name in names})


def setting_columns(trials: pd.DataFrame) -> list[str]:
    """The columns of a trial table that hold settings, in dotted names."""
    known = {*TRIAL_COLUMNS, *RESULT_COLUMNS}
    return [str(column) for column in trials.columns if column not in known]
