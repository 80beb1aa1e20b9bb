"""Fit the chosen classical model once more for the final score.

In: features of the training images and, for the whole training set, of the validation images.
Out: model.skops (vectors of features in, class probabilities out), record.json.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from scenery.classical import classifiers
from scenery.data.feature_files import read_features
from scenery.data.tables import partition_table, read_split
from scenery.evaluation.held_out import group_numbers
from scenery.evaluation.records import write_record
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.final_models import RefitFeaturesJob

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def refit_classifier(
    job: RefitFeaturesJob, split: Path, code: str, out_model: Path, out_record: Path
) -> None:
    """Fit on train and validation images, or, without a refit, on those of the trial."""
    rows = partition_table(read_split(job.table), "train")
    features = read_features(job.training.array, job.training.facts, rows)
    facts, groups = [job.training.facts], group_numbers(rows)
    if job.refit and job.validation is not None:
        rows = partition_table(read_split(split), "validation")
        validation = read_features(job.validation.array, job.validation.facts, rows)
        features = features.joined_with(validation)
        groups = np.concatenate([groups, group_numbers(rows)])
        facts.append(job.validation.facts)
    model = classifiers.fit(job.choice.settings, features, groups)
    classifiers.save(model, out_model)
    numbers = classifiers.stored_numbers(model)
    log.info("the final model keeps %d numbers beside its backbone", numbers)
    write_record(
        out_record,
        job.choice.settings.model_dump(mode="json"),
        code,
        facts,
        trial=job.choice.trial,
        refit=job.refit,
        training_images=len(features.labels),
        epochs=0,
        stored_numbers=numbers,
    )


if __name__ == "__main__":
    with script_log(snakemake.log[0]), threadpool_limits(snakemake.threads):
        refit_classifier(
            job=RefitFeaturesJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out_model=Path(snakemake.output.model),
            out_record=Path(snakemake.output.record),
        )
