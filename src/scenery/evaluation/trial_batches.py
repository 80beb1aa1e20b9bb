"""Many trials in one process, none of which is trained twice.

A trial that is done leaves a small file outside the job's outputs. A shard that was killed, or that
got more trials, goes on from there and trains only what is new.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from scenery.config.settings import Settings
from scenery.evaluation.class_balance import validation_measures
from scenery.evaluation.held_out import HeldOutData
from scenery.evaluation.training_result import Epoch
from scenery.files import write_text

log = logging.getLogger("scenery")

T = TypeVar("T", bound="BatchedTrial")

# A history may have no rows (classical models have no epochs), but always has its columns.
COLUMNS = {
    "history": ["trial", *(field.name for field in fields(Epoch))],
    "predictions": ["trial", "file", "class", "predicted", "confidence", "repeat", "fold"],
}


@dataclass(frozen=True)
class TrialResult:
    """What one trial gives, as plain values.

    Attributes:
        metrics: A row of metrics.csv.
        history: Rows of history.csv.
        predictions: Rows of predictions.csv, of the images that were held out.
    """

    metrics: dict[str, Any]
    history: list[dict[str, Any]]
    predictions: list[dict[str, Any]]


class AnyTrial(Protocol):
    """A trial."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def settings(self) -> Settings:
        """Its settings."""


class BatchedTrial(AnyTrial, Protocol):
    """One of many trials that a process runs."""

    @property
    def dependencies(self) -> tuple[Path, ...]:
        """Files whose content its result depends on."""


def run_trials(
    trials: Sequence[T],
    run: Callable[[T, str], TrialResult],
    split: Path,
    finished: Path,
    code: str,
    threads: int = 1,
) -> list[TrialResult]:
    """Run every trial of the shard, or take it from `finished`.

    Args:
        trials: In the order of the tables.
        run: Runs one trial; takes the trial and its name in the progress lines.
        split: The split.
        finished: Folder of the trials that are done.
        code: Digest of the code that runs them.
        threads: Trials that run at once.
    """

    def run_or_read(number: int, trial: T, name: str) -> TrialResult:
        done = finished / f"{trial.id}-{_key(trial, split, code)}.json"
        result = _read(done)
        if result is None:
            result = run(trial, name)
            _write(result, done)
        metrics = result.metrics
        log.info(
            "trial %d of %d  %s  %s  validation accuracy %.3f",
            number,
            len(trials),
            metrics["status"],
            name,
            metrics["validation_accuracy"] or float("nan"),
        )
        return result

    jobs = list(zip(range(1, len(trials) + 1), trials, names(trials), strict=True))
    if threads == 1 or len(trials) == 1:
        return [run_or_read(*job) for job in jobs]
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(run_or_read, *job) for job in jobs]
        try:
            return [one.result() for one in running]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def write_tables(
    results: list[TrialResult], out_metrics: Path, out_history: Path, out_predictions: Path
) -> None:
    """Write metrics.csv, history.csv and predictions.csv of a shard's trials."""
    metrics = [result.metrics | validation_measures(result.predictions) for result in results]
    pd.DataFrame(metrics).to_csv(out_metrics, index=False)
    history = [row for result in results for row in result.history]
    pd.DataFrame(history, columns=COLUMNS["history"]).to_csv(out_history, index=False)
    predictions = [row for result in results for row in result.predictions]
    pd.DataFrame(predictions, columns=COLUMNS["predictions"]).to_csv(out_predictions, index=False)


def names(trials: Sequence[AnyTrial]) -> list[str]:
    """Names of trials in the progress lines: the settings in which they differ."""
    flat = [trial.settings.flat() for trial in trials]
    # Where one trial has a group that another leaves unset, not all keys stand in the first.
    every = dict.fromkeys(key for values in flat for key in values)
    keys = [key for key in every if len({repr(values.get(key)) for values in flat}) > 1]
    return [
        ", ".join(f"{key}={values[key]}" for key in keys if key in values) or trial.id
        for trial, values in zip(trials, flat, strict=True)
    ]


def validation_predictions(
    trial: str,
    table: pd.DataFrame,
    probabilities: Any,
    classes: list[str],
    folds: Any | None = None,
    repeat: int = 0,
) -> list[dict[str, Any]]:
    """Rows of predictions.csv: what a trial says of each image that was held out.

    Args:
        trial: The trial's id.
        table: The images' rows of the split.
        probabilities: Shape (images, classes).
        classes: Class names in the order of their numbers.
        folds: Shape (images,), the fold in which each image was held out; None: all images were
            held out at once, as fold 0.
        repeat: Number of the division into folds.
    """
    best = probabilities.argmax(axis=1)
    held_out = [0] * len(table) if folds is None else [int(fold) for fold in folds]
    return [
        {
            "trial": trial,
            "file": file,
            "class": true,
            "predicted": classes[number],
            "confidence": round(float(row[number]), 6),
            "repeat": repeat,
            "fold": fold,
        }
        for file, true, number, row, fold in zip(
            table["file"], table["class"], best, probabilities, held_out, strict=True
        )
    ]


def folded_predictions(
    trial: str, data: HeldOutData, probabilities: np.ndarray, classes: list[str]
) -> list[dict[str, Any]]:
    """Rows of predictions.csv of a trial that is scored in folds.

    Args:
        trial: The trial's id.
        data: The images with their folds.
        probabilities: Shape (repeats, images, classes).
        classes: Class names in the order of their numbers.
    """
    return [
        row
        for repeat, (one, folds) in enumerate(zip(probabilities, data.divisions, strict=True))
        for row in validation_predictions(trial, data.table, one, classes, folds, repeat)
    ]


def _key(trial: BatchedTrial, split: Path, code: str) -> str:
    """Digest of everything that a trial's result depends on."""
    digest = hashlib.sha256(code.encode())
    digest.update(json.dumps(trial.settings.model_dump(mode="json"), sort_keys=True).encode())
    for path in (split, *trial.dependencies):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _read(path: Path) -> TrialResult | None:
    try:
        return TrialResult(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(result: TrialResult, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps(asdict(result)), path)
