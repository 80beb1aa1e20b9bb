"""Join the folds of a fine-tuned trial to its result.

In: the results of its folds. Out, as from fine_tune: metrics.csv (one row), history.csv (means over
the folds), predictions.csv (one row for each image and repeat), record.json.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from scenery.data.feature_files import LabeledFeatures
from scenery.data.tables import class_names, read_split
from scenery.evaluation.held_out import HeldOutData, divisions, rows_of
from scenery.evaluation.records import write_record
from scenery.evaluation.result_tables import read_results
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import Epoch, TrainingResult
from scenery.evaluation.trial_batches import TrialResult, folded_predictions, write_tables
from scenery.evaluation.trial_tables import metrics_row, with_calibration
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.trials import FoldResult, JoinFoldsJob
from scenery.training.network_folds import FoldHistory, RecordedFolds, join_folds

if TYPE_CHECKING:
    from snakemake.script import snakemake


class Outputs(NamedTuple):
    """Files that are written."""

    metrics: Path
    history: Path
    predictions: Path
    record: Path


def join_trial(job: JoinFoldsJob, split: Path, code: str, out: Outputs) -> None:
    """Read what the folds gave, and write the trial's result.

    Args:
        job: The trial and its folds.
        split: The split.
        code: Digest of the code.
        out: Files to write.
    """
    table = read_split(split)
    data = images_in_folds(job, table)
    folds = [
        fold
        for numbers, results in zip(data.divisions, job.folds, strict=True)
        for fold in results[: len(np.unique(numbers))]
    ]
    outcomes = [json.loads(fold.outcome.read_text(encoding="utf-8")) for fold in folds]
    trainer = RecordedFolds(
        job.settings,
        len(class_names(table)),
        data,
        [read_fold(fold) for fold in folds],
        parameters=outcomes[0]["parameters"],
        trained_parameters=outcomes[0]["trained_parameters"],
    )
    run = diverged(outcomes) or join_folds(trainer, job.trial)
    row = metrics_row(
        job.trial,
        run,
        parameters=trainer.parameters,
        trained_parameters=trainer.trained_parameters,
        seconds=sum(outcome["seconds"] for outcome in outcomes),
        memory=max(outcome["peak_memory_mb"] for outcome in outcomes),
        validation_images=len(data.table),
    )
    predictions: list[dict[str, Any]] = []
    if run.status != TrialStatus.DIVERGED:
        row = with_calibration(row, trainer.held_out, data.plain.labels)
        predictions = folded_predictions(job.trial, data, trainer.held_out, class_names(table))
    result = TrialResult(row, run.rows(job.trial), predictions)
    write_tables([result], out.metrics, out.history, out.predictions)
    settings = job.settings.model_dump(mode="json")
    write_record(out.record, settings, code, [], trial=job.trial, folds=len(folds))


def images_in_folds(job: JoinFoldsJob, split: pd.DataFrame) -> HeldOutData:
    """All images with their folds, without features."""
    table = pd.concat(rows_of(job.table, split), ignore_index=True)
    labels = table["label"].to_numpy(np.int64)
    nothing = LabeledFeatures(np.zeros((len(labels), 0), np.float32), labels)
    return HeldOutData(nothing, nothing, table, divisions(job.resampling, table))


def read_fold(fold: FoldResult) -> FoldHistory:
    """What a fold gave."""
    rows = read_results(fold.history).to_dict("records")
    return FoldHistory(
        history=[Epoch(**{str(name): value for name, value in row.items()}) for row in rows],
        predictions=np.load(fold.predictions, allow_pickle=False),
    )


def diverged(outcomes: list[dict[str, Any]]) -> TrainingResult | None:
    """The result of a trial of which a fold diverged; None if none did."""
    for number, outcome in enumerate(outcomes, start=1):
        if outcome["status"] == TrialStatus.DIVERGED:
            reason = f"fold {number} of {len(outcomes)}: {outcome['reason']}"
            return TrainingResult(status=TrialStatus.DIVERGED, reason=reason)
    return None


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        join_trial(
            job=JoinFoldsJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out=Outputs(*(Path(path) for path in snakemake.output)),
        )
