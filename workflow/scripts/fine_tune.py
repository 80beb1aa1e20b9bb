"""Fine-tune one network on packed images: one trial, one job.

In: packed train and validation images, weights, and features for the first of two steps. Out:
metrics.csv (one row), history.csv (one row per epoch), predictions.csv (one row per validation
image), record.json (effective settings, seed, versions, commit, digests).

The state after every epoch is kept outside the outputs, so that a killed job goes on.
"""

import dataclasses
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scenery.config.settings import Settings
from scenery.data.feature_files import read_features
from scenery.data.packed_images import open_packed
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.records import write_record
from scenery.evaluation.training_result import TrainingResult
from scenery.evaluation.trial_tables import metrics_row, prediction_table
from scenery.models.feature_extraction import load_backbone
from scenery.pipeline.execution import count_steps, job, peak_memory_mb
from scenery.training.checkpoints import CheckpointStore, state_key
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.fine_tuning import FineTuningTrainer
from scenery.training.first_step import joined, train_head_first
from scenery.training.hardware import set_up, use_mixed_precision

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


def fine_tune(
    trial: dict[str, Any],
    split: Path,
    data: Path,
    weights: str | None,
    checkpoints: Path,
    keep_weights: bool,
    code: str,
    out: Outputs,
    until: int | None = None,
) -> None:
    """Train one trial from where it was, and write its results.

    Args:
        trial: Id, settings, table and feature files.
        split: The split.
        data: Folder of the packed images.
        weights: Weights of the backbone; None: random ones.
        unfinished: Folder for the state after each epoch.
        keep_weights: Whether the best weights stay there for a study without refit.
        code: Digest of the code.
        out: Files to write.
        until: The epoch after which it pauses, to be compared with others; None: its last.

    Raises:
        UserError: When the weights do not cover the network.
    """
    started = time.perf_counter()
    settings = Settings.model_validate(trial["settings"])
    table = read_split(split)
    classes = class_names(table)
    size = trial["image_size"]
    facts = [Path(f"{data}/{part}/{size}.json") for part in ("train", "validation")]
    read = [split, Path(trial["table"]), *facts, *([Path(weights)] if weights else [])]
    state = CheckpointStore(checkpoints, state_key(code, trial["settings"], read))
    if until is None and state.finished(out.files):
        return
    learner = build_learner(trial, settings, table, data, weights)
    run = train(trial, settings, learner, table, state, until)
    count_steps(sum(epoch.seconds for epoch in run.history))
    row = metrics_row(
        trial["trial"],
        run,
        parameters=learner.model.count_params(),
        trained_parameters=learner.trained_parameters,
        seconds=sum(epoch.seconds for epoch in run.history),
        memory=peak_memory_mb(),
    )
    pd.DataFrame([row]).to_csv(out.metrics, index=False)
    history = run.rows(trial["trial"])
    pd.DataFrame(history, columns=None if history else ["trial"]).to_csv(out.history, index=False)
    _write_predictions(learner, run, classes, out.predictions)
    write_record(out.record, trial["settings"], code, facts, trial=trial["trial"])
    keep_state = keep_weights and run.status == "completed"
    if until is None:
        state.finish(out.files, keep_state)
    if keep_state:
        log.info("the best weights stay in %s until the choice", checkpoints)
    log.info("%s: %s in %.0f s", trial["trial"], run.status, time.perf_counter() - started)


def build_learner(
    trial: dict[str, Any],
    settings: Settings,
    split: pd.DataFrame,
    data: Path,
    weights: str | None,
) -> FineTuningTrainer:
    """The network and its images."""
    backbone = load_backbone(
        settings.backbone,
        trial["image_size"],
        trial["layer"],
        weights,
        settings.seed,
        settings.network,
    )
    size = trial["image_size"]
    training = partition_table(read_split(trial["table"]), "train")
    validation = partition_table(split, "validation")
    return FineTuningTrainer(
        settings,
        len(class_names(split)),
        backbone,
        open_packed(data / "train" / f"{size}.npy", training),
        open_packed(data / "validation" / f"{size}.npy", validation),
        trial["trial"],
    )


def train(
    trial: dict[str, Any],
    settings: Settings,
    learner: FineTuningTrainer,
    split: pd.DataFrame,
    state: CheckpointStore,
    until: int | None,
) -> TrainingResult:
    """Both steps, or what is left of them."""
    first = None
    run = state.restore(learner)
    if settings.first_step is not None:
        # A second or two on features; its history is wanted even when the state is restored.
        weights = learner.get_weights() if run else None
        first = _first_step(trial, settings, learner, split)
        if weights is not None:
            learner.set_weights(weights)
        if first.status != "completed":
            return first
    plan = dataclasses.replace(EpochPlan.of(settings, "network"), until=until)

    def keep(so_far: TrainingResult, improved: bool) -> None:
        state.save(learner, so_far, improved)

    return joined(first, run_epochs(learner, plan, trial["trial"], run, keep))


def _first_step(
    trial: dict[str, Any], settings: Settings, learner: FineTuningTrainer, split: pd.DataFrame
) -> TrainingResult:
    training = partition_table(read_split(trial["table"]), "train")
    return train_head_first(
        settings,
        learner.classes,
        read_features(f"{trial['plain']}/train", training),
        read_features(f"{trial['plain']}/validation", partition_table(split, "validation")),
        learner.head,
        trial["trial"],
    )


def _write_predictions(
    learner: FineTuningTrainer, run: TrainingResult, classes: list[str], out: Path
) -> None:
    images = learner.validation
    assert images is not None
    if run.status == "diverged":
        out.write_text("file,class,predicted,correct,confidence\n", encoding="utf-8")
        return
    table = prediction_table(
        list(images.files), images.labels, learner.predict(images).astype(np.float64), classes
    )
    table.to_csv(out, index=False)


if __name__ == "__main__":
    with job(snakemake.log[0]):
        gpus = set_up(snakemake.threads, wants_gpu=True, gpu_missing=snakemake.params.gpu_missing)
        use_mixed_precision(snakemake.params.trial["settings"]["mixed_precision"], gpus)
        fine_tune(
            trial=snakemake.params.trial,
            split=Path(snakemake.input.split),
            data=Path(snakemake.params.data),
            weights=snakemake.params.weights,
            checkpoints=Path(snakemake.params.checkpoints),
            keep_weights=snakemake.params.keep_weights,
            until=snakemake.params.until,
            code=snakemake.params.code,
            out=Outputs(
                metrics=Path(snakemake.output.metrics),
                history=Path(snakemake.output.history),
                predictions=Path(snakemake.output.predictions),
                record=Path(snakemake.output.record),
            ),
        )
