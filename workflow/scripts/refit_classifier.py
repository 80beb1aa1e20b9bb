"""Fit the chosen classical model once more for the final score.

In: features of the training images and, for the whole training set, of the validation images.
Out: model.skops (vectors of features in, class probabilities out), record.json.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from scenery.classical import classifiers
from scenery.config.settings import Settings
from scenery.data.feature_files import read_features
from scenery.data.tables import partition_table, read_split
from scenery.evaluation.records import write_record
from scenery.pipeline.execution import job

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def refit_classifier(
    choice: dict[str, Any],
    files: dict[str, Any],
    split: Path,
    code: str,
    out_model: Path,
    out_record: Path,
) -> None:
    """Fit on train and validation images, or, without a refit, on what the trial was fitted on."""
    settings = Settings.model_validate(choice["settings"])
    features = read_features(
        files["training"], partition_table(read_split(files["table"]), "train")
    )
    read = [Path(files["training"] + ".json")]
    if choice["refit"] and files["validation"]:
        table = partition_table(read_split(split), "validation")
        features = features.joined_with(read_features(files["validation"], table))
        read.append(Path(files["validation"] + ".json"))
    model = classifiers.fit(settings, features)
    classifiers.save(model, out_model)
    numbers = classifiers.stored_numbers(model)
    log.info("the final model keeps %d numbers beside its backbone", numbers)
    write_record(
        out_record,
        choice["settings"],
        code,
        read,
        trial=choice["trial"],
        refit=choice["refit"],
        training_images=len(features.labels),
        epochs=0,
        stored_numbers=numbers,
    )


if __name__ == "__main__":
    with job(snakemake.log[0]), threadpool_limits(snakemake.threads):
        refit_classifier(
            choice=snakemake.params.choice,
            files=snakemake.params.files,
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out_model=Path(snakemake.output.model),
            out_record=Path(snakemake.output.record),
        )
