"""Train the chosen head once more for the final score and put it on its backbone.

In: features of the training images and, for the whole training set, of the validation images;
weights of the backbone. Out: model.keras (images 0..255 in, class probabilities out), record.json.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scenery.classical.linear_scores import inner_divisions, linear_head_fitter
from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.held_out import divisions, in_folds
from scenery.evaluation.records import write_record
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import Weights
from scenery.models.feature_extraction import load_backbone
from scenery.models.heads import build_head
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.final_models import RefitFeaturesJob
from scenery.training.epochs import EpochPlan, fit_at_recorded_rates, run_epochs
from scenery.training.fine_tuning import assemble
from scenery.training.hardware import set_up
from scenery.training.trainers import head_trainer

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def refit_head(
    job: RefitFeaturesJob,
    split: Path,
    code: str,
    out_model: Path,
    out_record: Path,
) -> None:
    """Train, assemble and save.

    With a refit the chosen trial's learning rates are replayed on train and validation images;
    without one the trial is run again as it was, which gives its weights. An exact linear head is
    fitted again, with its folds.
    """
    settings = job.choice.settings
    table = read_split(split)
    classes = len(class_names(table))
    tables = [partition_table(read_split(job.table), "train")]
    training = read_features(job.training.array, job.training.facts, tables[0])
    validation = None
    if job.validation is not None:
        tables.append(partition_table(table, "validation"))
        validation = read_features(job.validation.array, job.validation.facts, tables[1])
    if job.refit and validation is not None:
        training, validation = training.joined_with(validation), None
    facts: dict[str, Any]
    if settings.head.solver == "lbfgs":
        rows = pd.concat(tables if job.refit else tables[:1], ignore_index=True)
        folds = _folds(job, rows, table)
        fitter = linear_head_fitter(settings, training, classes)
        found = fitter.fit(fitter.chosen(fitter.first_view, folds))
        weights, facts = found.weights, {"epochs": 0, "C": found.strength}
    else:
        weights, epochs = _train(job, classes, training, validation)
        facts = {"epochs": epochs}
    _save(job, classes, weights, out_model)
    write_record(
        out_record,
        settings.model_dump(mode="json"),
        code,
        [job.training.facts],
        trial=job.choice.trial,
        refit=job.refit,
        training_images=len(training.labels),
        **facts,
    )


def _folds(job: RefitFeaturesJob, rows: pd.DataFrame, split: pd.DataFrame) -> np.ndarray:
    """The folds by which the strength of the penalty is chosen, as for the trial."""
    if job.resampling is not None and in_folds(job.resampling, split):
        return divisions(job.resampling, rows)
    return inner_divisions(rows, job.choice.settings.seed)


def _train(
    job: RefitFeaturesJob,
    classes: int,
    training: LabeledFeatures,
    validation: LabeledFeatures | None,
) -> tuple[Weights, int]:
    """Weights of a head that is trained in epochs, and how many they were."""
    settings, trial = job.choice.settings, job.choice.trial
    learner = head_trainer(settings, classes, training, validation)
    if job.refit:
        rates = job.choice.learning_rates["head"]
        run = fit_at_recorded_rates(learner, rates, "head", trial)
    else:
        plan = EpochPlan.of(settings, "head", learner.images)
        run = run_epochs(learner, plan, trial, quiet=True)
    if run.status != TrialStatus.COMPLETED:
        raise RuntimeError(f"the refit of {trial} {run.status}: {run.reason}")
    return learner.get_weights(), len(run.history)


def _save(job: RefitFeaturesJob, classes: int, weights: Weights, out: Path) -> None:
    assert job.backbone is not None
    backbone = load_backbone(**dict(job.backbone))
    head = build_head(backbone.output.shape[1:], classes, job.choice.settings.head)
    # A pooling layer has no weights, so both heads list theirs in the same order.
    head.set_weights(weights)
    assemble(backbone, head).save(out)
    log.info("the final model has %d parameters", backbone.count_params() + head.count_params())


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        set_up(snakemake.threads)
        refit_head(
            job=RefitFeaturesJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out_model=Path(snakemake.output.model),
            out_record=Path(snakemake.output.record),
        )
