"""Train the chosen head once more for the final score and put it on its backbone.

In: features of the training images and, for the whole training set, of the validation images;
weights of the backbone. Out: model.keras (images 0..255 in, class probabilities out), record.json.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenery.config.settings import Settings
from scenery.data.feature_files import read_features
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.records import write_record
from scenery.models.feature_extraction import load_backbone
from scenery.models.heads import build_head
from scenery.pipeline.execution import job
from scenery.training.epochs import EpochPlan, fit_at_recorded_rates, run_epochs
from scenery.training.fine_tuning import assemble
from scenery.training.hardware import set_up
from scenery.training.head_training import HeadTrainer

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def refit_head(
    choice: dict[str, Any],
    files: dict[str, Any],
    split: Path,
    code: str,
    out_model: Path,
    out_record: Path,
) -> None:
    """Train, assemble and save.

    With a refit the chosen trial's learning rates are replayed on train and validation images;
    without one the trial is run again as it was, which gives its weights.
    """
    settings = Settings.model_validate(choice["settings"])
    table = read_split(split)
    classes = len(class_names(table))
    training = read_features(
        files["training"], partition_table(read_split(files["table"]), "train")
    )
    validation = None
    if files["validation"]:
        validation = read_features(files["validation"], partition_table(table, "validation"))
    if choice["refit"]:
        images = training if validation is None else training.joined_with(validation)
        learner = HeadTrainer(settings, classes, images, None)
        run = fit_at_recorded_rates(
            learner, choice["learning_rates"]["head"], "head", choice["trial"]
        )
    else:
        learner = HeadTrainer(settings, classes, training, validation)
        run = run_epochs(learner, EpochPlan.of(settings, "head"), choice["trial"], quiet=True)
    if run.status != "completed":
        raise RuntimeError(f"the refit of {choice['trial']} {run.status}: {run.reason}")
    _save(settings, classes, files, learner, out_model)
    write_record(
        out_record,
        choice["settings"],
        code,
        [Path(files["training"] + ".json")],
        trial=choice["trial"],
        refit=choice["refit"],
        training_images=len(learner.training.labels),
        epochs=len(run.history),
    )


def _save(
    settings: Settings, classes: int, files: dict[str, Any], learner: HeadTrainer, out: Path
) -> None:
    wanted = files["backbone"]
    backbone = load_backbone(
        wanted["backbone"],
        wanted["image_size"],
        wanted["layer"],
        files["weights"],
        wanted["seed"],
        settings.network,
    )
    head = build_head(backbone.output.shape[1:], classes, settings.head)
    # A pooling layer has no weights, so both heads list theirs in the same order.
    head.set_weights(learner.get_weights())
    assemble(backbone, head).save(out)
    log.info("the final model has %d parameters", backbone.count_params() + head.count_params())


if __name__ == "__main__":
    with job(snakemake.log[0]):
        set_up(snakemake.threads)
        refit_head(
            choice=snakemake.params.choice,
            files=snakemake.params.files,
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out_model=Path(snakemake.output.model),
            out_record=Path(snakemake.output.record),
        )
