"""The study's tables, read from disk with the right types.

Everything is read as text first: a class named "None" or "NA" is a name here, not a gap.
"""

import json
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from scenery.data.tables import read_catalogue as read_whole_catalogue
from scenery.data.tables import read_split as read_whole_split
from scenery.errors import UserError
from scenery.evaluation.columns import BY_NAME, Format, names_of
from scenery.study.search_strategies import search_strategy


def _typed(column: pd.Series) -> pd.Series:
    """A column of texts with the type of its record; without one, numbers if all cells are."""
    record = BY_NAME.get(str(column.name))
    if str(column.name).startswith(("probability:", "calibrated:")):
        return pd.to_numeric(column, errors="coerce")
    if record is not None and record.kind != "setting":
        if record.format is Format.TEXT:
            return column
        if record.format is Format.FLAG:
            return column.str.lower().isin(["true", "1", "yes"])
        return pd.to_numeric(column, errors="coerce")
    filled = column[column != ""]
    if record is None or record.format is not Format.TEXT:
        numbers = pd.to_numeric(filled, errors="coerce")
        if len(filled) and numbers.notna().all():
            return numbers.reindex(column.index)
    return column.where(column != "", None)


def read_table(path: str | Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """A CSV of the study. Raises UserError naming the file and the columns that it lacks."""
    try:
        table = pd.read_csv(path, dtype=str, na_filter=False)
    except (OSError, pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise UserError(f"{path}: the table can't be read: {error}") from error
    missing = [column for column in needed if column not in table]
    if missing:
        raise UserError(f"{path}: the table lacks the columns {', '.join(missing)}")
    # `DataFrame.apply` would leave the columns of a table without rows as they are.
    return pd.DataFrame({name: _typed(table[name]) for name in table})


def read_trials(path: str | Path) -> pd.DataFrame:
    """The trials of an experiment, or of all experiments (summary.csv)."""
    needed = ("experiment", "trial", "name", "setting", "repeat", "status", "validation_accuracy")
    return read_table(path, (*needed, "chosen"))


def read_history(path: str | Path) -> pd.DataFrame:
    """One row per trial and epoch."""
    needed = ("trial", "step", "epoch", "loss", "accuracy")
    return read_table(path, (*needed, "validation_loss", "validation_accuracy"))


def read_predictions(path: str | Path) -> pd.DataFrame:
    """One row per image: its class, what was predicted, and a probability for each class."""
    return read_table(path, names_of("predictions"))


def read_confusion(path: str | Path) -> pd.DataFrame:
    """Counts of images, one row per true class and one column per predicted class."""
    table = pd.read_csv(path, keep_default_na=False, dtype={0: str})
    table = table.set_index(table.columns[0])
    table.index = table.index.astype(str)
    return table.astype(int)


def read_classes(path: str | Path) -> pd.DataFrame:
    """Precision, recall, F1 and number of images for each class."""
    return read_table(path, names_of("classes"))


def read_catalogue(path: str | Path) -> pd.DataFrame:
    """One row per image file; `duplicate_group` is empty where there is no duplicate.

    Columns that no page shows are not read: a large catalogue would fill the memory.
    """
    columns = ("file", "class", "given_partition", "given_group", "proposed_group", "problem",
               "duplicate_group", "duplicate_kind", "similar_to", "similar_distance", "kept",
               "reason")  # fmt: skip
    table = read_whole_catalogue(path, columns)
    groups = table["duplicate_group"].astype(str)
    # On disk the groups count from 1, and 0 is none.
    return table.assign(duplicate_group=groups.where(groups != "0", ""))


def read_split(path: str | Path) -> pd.DataFrame:
    """One row per image used: file, class, label and partition."""
    return read_whole_split(path)[["file", "class", "label", "partition"]]


def read_pictures(archive: str | Path) -> dict[str, np.ndarray]:
    """Pictures by file: of confident mistakes, or of images that look alike."""
    with np.load(archive, allow_pickle=False) as stored:
        return dict(zip(stored["files"].tolist(), stored["pictures"], strict=True))


def read_answers(path: str | Path) -> pd.DataFrame:
    """One row per validation image: class, prediction, and coordinates in the embeddings."""
    return read_table(path, names_of("answers"))


def read_layers(path: str | Path) -> pd.DataFrame:
    """One row per layer of a final model, from the image to the probabilities."""
    return read_table(path, ("number", "layer", "kind", "part", "output", "receptive_field"))


def read_reference_results(path: str | Path) -> pd.DataFrame:
    """Published results beside those of this study, one row each."""
    return read_table(path, names_of("reference_results"))


def read_selection(path: str | Path) -> pd.DataFrame:
    """One row per setting of an experiment that could be chosen."""
    return read_table(path, names_of("selection"))


def read_divisions(path: str | Path) -> pd.DataFrame:
    """One row per experiment and division of the images into training and test images."""
    return read_table(path, names_of("divisions"))


def read_grouping(path: str | Path) -> pd.DataFrame:
    """One row: a setting in folds that keep groups of images whole, and in folds that do not."""
    return read_table(path, names_of("grouping"))


def read_suspects(path: str | Path) -> pd.DataFrame:
    """One row per training and validation image, the least probable label first."""
    return read_table(path, names_of("suspects"))


def read_scores(path: str | Path) -> pd.DataFrame:
    """One row per tested setting of an experiment, the chosen one first."""
    return read_table(path, names_of("scores"))


def read_comparisons(path: str | Path) -> pd.DataFrame:
    """One row per setting that the chosen one of an experiment is compared with."""
    return read_table(path, names_of("comparisons"))


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
    setting: str
    repeats: int
    rule: str
    candidates: int
    validation_accuracy: float
    validation_images: int
    parameters: int
    best_epoch: float
    varied: list[str]
    strategy: str
    settings: dict[str, Any]
    warnings: list[str]
    calibration: dict[str, float | None]
    too_few_members: list[str] = field(default_factory=list)

    @property
    def arrangement(self) -> str:
        """How the trials lie in the space of settings: grid, list, sample or single."""
        return search_strategy(self.strategy).arrangement


def read_choice(path: str | Path) -> Choice:
    """Read a chosen.yaml. Raises UserError naming the keys that it lacks."""
    values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    names = {item.name for item in fields(Choice)}
    required = {item.name for item in fields(Choice) if item.default_factory is MISSING}
    missing = sorted(required - set(values))
    if missing:
        raise UserError(f"{path}: the choice lacks {', '.join(missing)}")
    return Choice(**{name: value for name, value in values.items() if name in names})


def setting_columns(trials: pd.DataFrame) -> list[str]:
    """The columns of a trial table that hold settings, in dotted names."""
    known = names_of("summary")
    return [str(column) for column in trials.columns if column not in known]
