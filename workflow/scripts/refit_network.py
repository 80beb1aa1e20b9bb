"""Fine-tune the chosen network once more for the final score.

In: packed images of train and, for the whole training set, validation; weights; features for the
first of two steps. Out: model.keras (images 0..255 in, class probabilities out), record.json.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenery.data.tables import class_names, partition_table, read_split
from scenery.jobs import job
from scenery.learning.epochs import Plan, replay, run_epochs
from scenery.learning.feature_extraction import load_backbone
from scenery.learning.feature_files import LabelledFeatures, read_features
from scenery.learning.fine_tuning import FineTuneLearner
from scenery.learning.first_step import train_head_first
from scenery.learning.hardware import set_up, use_mixed_precision
from scenery.learning.packed import PackedImages, open_packed
from scenery.learning.records import write_record
from scenery.learning.unfinished import Unfinished, kept_weights, state_key
from scenery.study.settings import Settings

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def refit_network(
    choice: dict[str, Any],
    files: dict[str, Any],
    split: Path,
    unfinished: Path,
    code: str,
    out_model: Path,
    out_record: Path,
) -> None:
    """Train and save.

    With a refit the chosen trial's learning rates are replayed on train and validation images.
    Without one the trial's own weights are taken; where they are gone it is run again.
    """
    settings = Settings.model_validate(choice["settings"])
    table = read_split(split)
    names = class_names(table)
    training = _images(files, partition_table(read_split(files["table"]), "train"), "train")
    validation = None
    if files["validation"]:
        validation = _images(files, partition_table(table, "validation"), "validation")
    images = training
    if choice["refit"] and validation is not None:
        images = training.joined_with(validation)
    learner = FineTuneLearner(
        settings,
        len(names),
        load_backbone(
            settings.backbone,
            files["backbone"]["image_size"],
            files["backbone"]["layer"],
            files["weights"],
            settings.seed,
            settings.network,
        ),
        images,
        None if choice["refit"] else validation,
        f"refit of {choice['trial']}",
    )
    if choice["refit"]:
        facts = [Path(f"{files['data']}/train/{training.size}.json")]
        if validation is not None:
            facts.append(Path(f"{files['data']}/validation/{training.size}.json"))
        weights = [Path(files["weights"])] if files["weights"] else []
        read = [split, Path(files["table"]), *facts, *weights]
        state = Unfinished(unfinished / "refit", state_key(code, choice, read))
        _replay(choice, files, table, settings, learner, state)
        state.clear()
    else:
        _again(choice, files, table, settings, learner, unfinished)
    learner.model.save(out_model)
    write_record(
        out_record,
        choice["settings"],
        code,
        [Path(f"{files['data']}/train/{training.size}.json")],
        trial=choice["trial"],
        refit=choice["refit"],
        training_images=len(learner.images),
        epochs=len(choice["learning_rates"]["network"]),
    )


def _images(files: dict[str, Any], table: pd.DataFrame, partition: str) -> PackedImages:
    size = files["backbone"]["image_size"]
    return open_packed(f"{files['data']}/{partition}/{size}.npy", table)


def _features(
    files: dict[str, Any], split: pd.DataFrame, with_validation: bool
) -> tuple[LabelledFeatures, LabelledFeatures | None]:
    training = read_features(
        f"{files['plain']}/train", partition_table(read_split(files["table"]), "train")
    )
    if not with_validation:
        return training, None
    table = partition_table(split, "validation")
    return training, read_features(f"{files['plain']}/validation", table)


def _replay(
    choice: dict[str, Any],
    files: dict[str, Any],
    split: pd.DataFrame,
    settings: Settings,
    learner: FineTuneLearner,
    state: Unfinished,
) -> None:
    rates = choice["learning_rates"]
    run = state.restore(learner)
    if run is None and settings.first_step is not None:
        first, second = _features(files, split, files["validation"] is not None)
        if second is not None:
            first = first.joined_with(second)
        train_head_first(
            settings, learner.classes, first, None, learner.head, choice["trial"], rates["head"]
        )
    run = replay(
        learner,
        rates["network"],
        "network",
        f"refit of {choice['trial']}",
        run,
        lambda so_far: state.save(learner, so_far, improved=True),
    )
    if run.status != "completed":
        raise RuntimeError(f"the refit of {choice['trial']} {run.status}: {run.reason}")


def _again(
    choice: dict[str, Any],
    files: dict[str, Any],
    split: pd.DataFrame,
    settings: Settings,
    learner: FineTuneLearner,
    unfinished: Path,
) -> None:
    kept = kept_weights(unfinished / choice["trial"])
    if kept is not None:
        learner.set_weights(kept)
        return
    log.warning("the weights of %s are gone; it is trained again as it was", choice["trial"])
    if settings.first_step is not None:
        first, second = _features(files, split, with_validation=True)
        train_head_first(settings, learner.classes, first, second, learner.head, choice["trial"])
    run_epochs(learner, Plan.of(settings, "network"), choice["trial"])


if __name__ == "__main__":
    with job(snakemake.log[0]):
        gpus = set_up(snakemake.threads, wants_gpu=True, gpu_missing=snakemake.params.gpu_missing)
        use_mixed_precision(snakemake.params.choice["settings"]["mixed_precision"], gpus)
        refit_network(
            choice=snakemake.params.choice,
            files=snakemake.params.files,
            split=Path(snakemake.input.split),
            unfinished=Path(snakemake.params.unfinished),
            code=snakemake.params.code,
            out_model=Path(snakemake.output.model),
            out_record=Path(snakemake.output.record),
        )
