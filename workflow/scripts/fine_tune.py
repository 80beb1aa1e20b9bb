"""Fine-tune one network on packed images: one trial, one job.

In: packed train and validation images, weights, and features for the first of two steps. Out:
metrics.csv (one row), history.csv (one row per epoch), predictions.csv (one row per validation
image), record.json (effective settings, seed, versions, commit, digests).

The state after every epoch is kept outside the outputs, so that a killed job goes on.
"""

import contextlib
import dataclasses
import functools
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenery.data.feature_files import read_features
from scenery.data.packed_images import open_packed
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.records import write_record
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import TrainingResult
from scenery.evaluation.trial_batches import TrialResult, validation_predictions, write_tables
from scenery.evaluation.trial_tables import metrics_row, with_calibration
from scenery.models.feature_extraction import load_backbone
from scenery.pipeline.execution import count_steps, peak_memory_mb, script_log
from scenery.pipeline.jobs.trials import FineTuneJob
from scenery.training.checkpoints import CheckpointStore, state_key
from scenery.training.epochs import EpochPlan
from scenery.training.fine_tuning import FineTuningTrainer
from scenery.training.first_step import train_head_first
from scenery.training.hardware import set_up, use_mixed_precision
from scenery.training.network_steps import train_in_steps
from scenery.training.tensorboard import LiveCurves

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


@dataclass(frozen=True)
class Outputs:
    """Files that one trial writes."""

    metrics: Path
    history: Path
    predictions: Path
    record: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return (self.metrics, self.history, self.predictions, self.record)


def fine_tune(job: FineTuneJob, split: Path, code: str, out: Outputs) -> None:
    """Train one trial from its last state, and write its results.

    Args:
        job: The trial.
        split: The split.
        code: Digest of the code.
        out: Files to write.

    Raises:
        UserError: When the weights do not cover the network.
    """
    started = time.perf_counter()
    table = read_split(split)
    settings = job.settings.model_dump(mode="json")
    facts = [job.training.images.facts, job.validation.images.facts]
    weights = [job.backbone.weights] if job.backbone.weights else []
    store = CheckpointStore(
        job.checkpoints, state_key(code, settings, [split, job.table, *facts, *weights])
    )
    if job.until is None and store.finished(out.files):
        return
    learner = build_learner(job, table)
    run = train(job, learner, table, store)
    count_steps(sum(epoch.seconds for epoch in run.history))
    row = metrics_row(
        job.trial,
        run,
        parameters=learner.model.count_params(),
        trained_parameters=learner.trained_parameters,
        seconds=sum(epoch.seconds for epoch in run.history),
        memory=peak_memory_mb(),
        validation_images=int((table["partition"] == "validation").sum()),
    )
    predictions: list[dict[str, Any]] = []
    if run.status != TrialStatus.DIVERGED and learner.validation is not None:
        rows = partition_table(table, "validation")
        probabilities = learner.predict(learner.validation)
        row = with_calibration(row, probabilities[None], rows["label"].to_numpy())
        predictions = validation_predictions(job.trial, rows, probabilities, class_names(table))
    result = TrialResult(row, run.rows(job.trial), predictions)
    write_tables([result], out.metrics, out.history, out.predictions)
    write_record(out.record, settings, code, facts, trial=job.trial)
    keep_state = job.keep_weights and run.status == TrialStatus.COMPLETED
    if job.until is None:
        store.finish(out.files, keep_state)
    if keep_state:
        log.info("the best weights stay in %s until the choice", job.checkpoints)
    log.info("%s: %s in %.0f s", job.trial, run.status, time.perf_counter() - started)


def build_learner(job: FineTuneJob, split: pd.DataFrame) -> FineTuningTrainer:
    """The network and its images."""
    training = partition_table(read_split(job.table), "train")
    validation = partition_table(split, "validation")
    return FineTuningTrainer(
        job.settings,
        len(class_names(split)),
        load_backbone(**dict(job.backbone)),
        open_packed(job.training.images.array, training),
        open_packed(job.validation.images.array, validation),
        job.trial,
    )


def train(
    job: FineTuneJob, learner: FineTuningTrainer, split: pd.DataFrame, store: CheckpointStore
) -> TrainingResult:
    """Both steps, or what is left of them."""
    plan = EpochPlan.of(job.settings, "network", len(learner.images))
    plan = dataclasses.replace(plan, until=job.until)
    first_step = functools.partial(_first_step, job, learner, split)
    with contextlib.closing(LiveCurves(job.checkpoints / "curves")) as curves:
        return train_in_steps(learner, plan, job.trial, store, first_step, curves.add)


def _first_step(
    job: FineTuneJob, learner: FineTuningTrainer, split: pd.DataFrame
) -> TrainingResult:
    training, validation = job.training.features, job.validation.features
    assert training is not None and validation is not None
    training_rows = partition_table(read_split(job.table), "train")
    validation_rows = partition_table(split, "validation")
    return train_head_first(
        job.settings,
        learner.classes,
        read_features(training.array, training.facts, training_rows),
        read_features(validation.array, validation.facts, validation_rows),
        learner.head,
        job.trial,
        rows=training_rows,
    )


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        fine_tune_job = FineTuneJob.model_validate(snakemake.params.job)
        gpus = set_up(snakemake.threads, wants_gpu=True, gpu_missing=snakemake.params.gpu_missing)
        use_mixed_precision(fine_tune_job.settings.mixed_precision, gpus)
        fine_tune(
            job=fine_tune_job,
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out=Outputs(
                metrics=Path(snakemake.output.metrics),
                history=Path(snakemake.output.history),
                predictions=Path(snakemake.output.predictions),
                record=Path(snakemake.output.record),
            ),
        )
