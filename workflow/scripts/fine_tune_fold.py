"""Fine-tune one network on packed images in one fold: one fold of one trial, one job.

In: packed train and validation images, weights, and features for the first of two steps. Out:
outcome.json (status, reason, parameters, seconds), history.csv (one row for each epoch),
predictions.npy (class probabilities of the held-out images after each epoch).

The state after every epoch is kept outside the outputs, so that a killed job goes on.
"""

import contextlib
import dataclasses
import functools
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scenery.data.feature_files import LabeledFeatures
from scenery.data.packed_images import open_packed
from scenery.data.tables import class_names, read_split
from scenery.evaluation.held_out import division_of, joined_features, rows_of
from scenery.evaluation.training_result import TrainingResult
from scenery.evaluation.trial_batches import COLUMNS
from scenery.files import write_text
from scenery.models.feature_extraction import load_backbone
from scenery.pipeline.execution import count_steps, peak_memory_mb, script_log
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.trials import FineTuneFoldJob, FoldResult
from scenery.training.checkpoints import CheckpointStore, state_key
from scenery.training.epochs import EpochPlan
from scenery.training.fine_tuning_fold import FoldFineTuningTrainer
from scenery.training.first_step import train_head_first
from scenery.training.hardware import set_up, use_mixed_precision
from scenery.training.network_steps import train_in_steps
from scenery.training.tensorboard import LiveCurves

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


@dataclass(frozen=True)
class Images:
    """The images of one fold.

    Attributes:
        tables: Rows of the training and of the validation images of the split.
        learned: Shape (all images,), whether the fold learns from an image.
        classes: Number of classes.
    """

    tables: list[pd.DataFrame]
    learned: np.ndarray
    classes: int

    @classmethod
    def of(cls, job: FineTuneFoldJob, split: Path) -> "Images":
        """The images of a job."""
        table = read_split(split)
        tables = rows_of(job.table, table)
        division = division_of(job.fold, pd.concat(tables, ignore_index=True))
        return cls(tables, division != job.fold.number, len(class_names(table)))

    @property
    def parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the images to learn from, and of those that are held out."""
        return np.flatnonzero(self.learned), np.flatnonzero(~self.learned)


def fine_tune_fold(job: FineTuneFoldJob, split: Path, code: str, out: FoldResult) -> None:
    """Train one fold from its last state, and write its results.

    Args:
        job: The trial and its fold.
        split: The split.
        code: Digest of the code.
        out: Files to write.

    Raises:
        UserError: When the weights do not cover the network.
    """
    images = Images.of(job, split)
    if images.learned.all():
        # A small data set has fewer folds than were asked for.
        write_fold(out, {"status": None}, TrainingResult(), np.zeros((0, 0, images.classes)))
        return
    settings = job.settings.model_dump(mode="json")
    facts = [job.training.images.facts, job.validation.images.facts]
    weights = [job.backbone.weights] if job.backbone.weights else []
    what = {"settings": settings, "fold": dataclasses.asdict(job.fold)}
    store = CheckpointStore(
        job.checkpoints, state_key(code, what, [split, job.table, *facts, *weights])
    )
    files = (out.outcome, out.history, out.predictions)
    if store.finished(files):
        return
    learner = build_learner(job, images)
    run = train(job, learner, images, store)
    seconds = sum(epoch.seconds for epoch in run.history)
    count_steps(seconds)
    outcome = {
        "status": run.status,
        "reason": run.reason,
        "parameters": learner.model.count_params(),
        "trained_parameters": learner.trained_parameters,
        "seconds": round(seconds, 3),
        "peak_memory_mb": peak_memory_mb(),
    }
    write_fold(out, outcome, run, np.array(learner.predictions))
    store.finish(files, keep_state=False)
    log.info("%s, fold %d: %s in %.0f s", job.trial, job.fold.number + 1, run.status, seconds)


def write_fold(
    out: FoldResult, outcome: dict[str, object], run: TrainingResult, predictions: np.ndarray
) -> None:
    """Write the three files of a fold."""
    write_text(json.dumps(outcome), out.outcome)
    columns = COLUMNS["history"][1:]
    pd.DataFrame([dataclasses.asdict(row) for row in run.history], columns=columns).to_csv(
        out.history, index=False
    )
    np.save(out.predictions, predictions.astype(np.float32))


def build_learner(job: FineTuneFoldJob, images: Images) -> FoldFineTuningTrainer:
    """The network and the images of its fold."""
    files = (job.training.images.array, job.validation.images.array)
    first, second = map(open_packed, files, images.tables)
    everything = first.joined_with(second)
    learned, held_out = map(everything.of_images, images.parts)
    # Of all folds the same epochs are compared, so that none ends before the others.
    settings = job.settings.model_copy(update={"early_stopping": None})
    backbone = load_backbone(**dict(job.backbone))
    return FoldFineTuningTrainer(settings, images.classes, backbone, learned, held_out, job.trial)


def train(
    job: FineTuneFoldJob, learner: FoldFineTuningTrainer, images: Images, store: CheckpointStore
) -> TrainingResult:
    """Both steps, or what is left of them."""
    plan = EpochPlan.of(learner.settings, "network", len(learner.images))
    first_step = functools.partial(_first_step, job, learner, images)
    with contextlib.closing(LiveCurves(job.checkpoints / "curves")) as curves:
        return train_in_steps(learner, plan, job.trial, store, first_step, curves.add)


def _first_step(
    job: FineTuneFoldJob, learner: FoldFineTuningTrainer, images: Images
) -> TrainingResult:
    data = (job.training, job.validation)
    learned = _joined([one.features for one in data], images).of_images(images.parts[0])
    plain = [one.held_out or one.features for one in data]
    held_out = _joined(plain, images).of_images(images.parts[1])
    rows = pd.concat(images.tables, ignore_index=True).iloc[images.parts[0]]
    return train_head_first(
        job.settings, learner.classes, learned, held_out, learner.head, job.trial, rows=rows
    )


def _joined(files: Sequence[ArrayFiles | None], images: Images) -> LabeledFeatures:
    """The features of both partitions, which a trial with a first step has."""
    return joined_features([one for one in files if one is not None], images.tables)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        fold_job = FineTuneFoldJob.model_validate(snakemake.params.job)
        gpus = set_up(snakemake.threads, wants_gpu=True, gpu_missing=snakemake.params.gpu_missing)
        use_mixed_precision(fold_job.settings.mixed_precision, gpus)
        fine_tune_fold(
            job=fold_job,
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out=FoldResult(
                outcome=Path(snakemake.output.outcome),
                history=Path(snakemake.output.history),
                predictions=Path(snakemake.output.predictions),
            ),
        )
