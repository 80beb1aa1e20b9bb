"""Train the heads of many trials on features of frozen backbones, in one process.

In: features of train and validation images. Out, one row each:
metrics.csv (trial, status, parameters, validation_accuracy, ...), history.csv (trial, epoch, ...),
predictions.csv (trial, file, class, predicted, confidence).
"""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scenery.data.tables import class_names, partition_table, read_split
from scenery.jobs import job, peak_memory_mb
from scenery.learning.epochs import Plan, run_epochs
from scenery.learning.feature_files import read_features
from scenery.learning.hardware import set_up
from scenery.learning.head_training import HeadLearner
from scenery.learning.results import metrics_row
from scenery.learning.shards import TrialResult, run_shard, validation_predictions
from scenery.study.settings import Settings

if TYPE_CHECKING:
    from snakemake.script import snakemake


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

    def run(trial: dict[str, Any], name: str) -> TrialResult:
        return train_head(trial, table, name, quiet=len(trials) > 3)

    run_shard(trials, run, split, finished, code, out_metrics, out_history, out_predictions)


def train_head(trial: dict[str, Any], split: pd.DataFrame, name: str, quiet: bool) -> TrialResult:
    """One trial's metrics, history and validation predictions."""
    started = time.perf_counter()
    settings = Settings.model_validate(trial["settings"])
    classes = class_names(split)
    training_table = partition_table(read_split(trial["table"]), "train")
    validation_table = partition_table(split, "validation")
    validation = read_features(trial["validation"], validation_table)
    learner = HeadLearner(
        settings, len(classes), read_features(trial["training"], training_table), validation
    )
    run = run_epochs(learner, Plan.of(settings, "head"), name, quiet=quiet)
    facts = json.loads(Path(trial["validation"] + ".json").read_text(encoding="utf-8"))
    metrics = metrics_row(
        trial["trial"],
        run,
        parameters=facts["parameters"] + learner.model.count_params(),
        trained_parameters=int(sum(np.prod(v.shape) for v in learner.model.trainable_variables)),
        seconds=time.perf_counter() - started,
        memory=peak_memory_mb(),
    )
    predictions = []
    if run.status == "completed":
        probabilities = learner.predict(validation)
        predictions = validation_predictions(
            trial["trial"], validation_table, probabilities, classes
        )
    return TrialResult(metrics, run.rows(trial["trial"]), predictions)


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
