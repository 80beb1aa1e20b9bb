"""Train the heads of many trials on features of frozen backbones, in one process.

In: features of train and validation images. Out, one row each:
metrics.csv (trial, status, parameters, validation_accuracy, ...), history.csv (trial, epoch, ...),
predictions.csv (trial, file, class, predicted, probability of the predicted class).

A trial that is done leaves a small file outside the outputs. A shard that was killed, or that got
more trials, goes on from there and trains only what is new.
"""

import hashlib
import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scenery.data.tables import read_split
from scenery.jobs import job, peak_memory_mb
from scenery.learning.epochs import Plan, Run, run_epochs
from scenery.learning.feature_files import read_features
from scenery.learning.hardware import set_up
from scenery.learning.head_training import HeadLearner
from scenery.learning.packed import class_names, partition_table
from scenery.learning.results import metrics_row
from scenery.study.settings import Settings, flatten

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def train_heads(
    trials: list[dict[str, Any]],
    split: Path,
    finished: Path,
    code: str,
    out_metrics: Path,
    out_history: Path,
    out_predictions: Path,
) -> None:
    """Train every trial of the shard, or take it from `finished`, and write the three tables."""
    table = read_split(split)
    results = []
    for number, (trial, name) in enumerate(zip(trials, names(trials), strict=True), start=1):
        done = finished / f"{trial['trial']}-{_key(trial, split, code)}.json"
        result = _read(done)
        if result is None:
            result = train_head(trial, table, name, quiet=len(trials) > 3)
            _write(result, done)
        results.append(result)
        metrics = result["metrics"]
        log.info(
            "trial %d of %d  %s  %s  validation accuracy %.3f",
            number,
            len(trials),
            metrics["status"],
            name,
            metrics["validation_accuracy"] or float("nan"),
        )
    pd.DataFrame([r["metrics"] for r in results]).to_csv(out_metrics, index=False)
    for kind, out in (("history", out_history), ("predictions", out_predictions)):
        rows = [row for r in results for row in r[kind]]
        # Where all trials diverge at once there are no rows, and a table needs a column to be read.
        pd.DataFrame(rows, columns=None if rows else ["trial"]).to_csv(out, index=False)


def names(trials: list[dict[str, Any]]) -> list[str]:
    """What to call each trial in the progress lines: the settings in which they differ."""
    flat = [flatten(trial["settings"]) for trial in trials]
    keys = [key for key in flat[0] if len({repr(values.get(key)) for values in flat}) > 1]
    return [
        ", ".join(f"{key}={values.get(key)}" for key in keys) or trial["trial"]
        for trial, values in zip(trials, flat, strict=True)
    ]


def train_head(
    trial: dict[str, Any], split: pd.DataFrame, name: str, quiet: bool
) -> dict[str, Any]:
    """One trial's metrics, history and validation predictions, as plain values."""
    started = time.perf_counter()
    settings = Settings.model_validate(trial["settings"])
    classes = class_names(split)
    training_table = partition_table(read_split(trial["table"]), "train")
    validation_table = partition_table(split, "validation")
    learner = HeadLearner(
        settings,
        len(classes),
        read_features(trial["training"], training_table),
        read_features(trial["validation"], validation_table),
    )
    run = run_epochs(learner, Plan.of(settings, "head"), name, quiet=quiet)
    facts = json.loads(Path(trial["validation"] + ".json").read_text(encoding="utf-8"))
    trained = int(sum(np.prod(v.shape) for v in learner.model.trainable_variables))
    return {
        "metrics": metrics_row(
            trial["trial"],
            run,
            parameters=facts["parameters"] + learner.model.count_params(),
            trained_parameters=trained,
            seconds=time.perf_counter() - started,
            memory=peak_memory_mb(),
        ),
        "history": run.rows(trial["trial"]),
        "predictions": _predictions(trial["trial"], learner, run, validation_table, classes),
    }


def _predictions(
    trial: str, learner: HeadLearner, run: Run, table: pd.DataFrame, classes: list[str]
) -> list[dict[str, Any]]:
    if run.status != "completed" or learner.validation is None:
        return []
    predicted = learner.predict(learner.validation)
    best = predicted.argmax(axis=1)
    return [
        {
            "trial": trial,
            "file": file,
            "class": true,
            "predicted": classes[number],
            "confidence": round(float(row[number]), 6),
        }
        for file, true, number, row in zip(
            table["file"], table["class"], best, predicted, strict=True
        )
    ]


def _key(trial: dict[str, Any], split: Path, code: str) -> str:
    """What a trial's result depends on."""
    digest = hashlib.sha256(code.encode())
    digest.update(json.dumps(trial["settings"], sort_keys=True).encode())
    for path in (split, trial["table"], trial["training"] + ".json", trial["validation"] + ".json"):
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()[:12]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(result: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result), encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        set_up(snakemake.threads)
        train_heads(
            trials=snakemake.params.trials,
            split=Path(snakemake.input.split),
            finished=Path(snakemake.params.finished),
            code=snakemake.params.code,
            out_metrics=Path(snakemake.output.metrics),
            out_history=Path(snakemake.output.history),
            out_predictions=Path(snakemake.output.predictions),
        )
