"""Fine-tune the chosen network once more for the final score.

In: packed images of train and, for the whole training set, validation; weights; features for the
first of two steps. Out: model.keras (images 0..255 in, class probabilities out), record.json.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenery.config.settings import Settings
from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.packed_images import PackedImages, open_packed
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.records import write_record
from scenery.models.feature_extraction import load_backbone
from scenery.pipeline.execution import job
from scenery.training.checkpoints import CheckpointStore, kept_weights, state_key
from scenery.training.epochs import EpochPlan, fit_at_recorded_rates, run_epochs
from scenery.training.fine_tuning import FineTuningTrainer
from scenery.training.first_step import train_head_first
from scenery.training.hardware import set_up, use_mixed_precision

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


class Refit:
    """What a final model is made of: the choice, the images it learns from, the network.

    With `choice["refit"]` the chosen trial's learning rates are replayed on train and validation
    images. Without, the trial's own weights are taken; where they are gone it is run again.
    """

    def __init__(self, choice: dict[str, Any], files: dict[str, Any], split: Path) -> None:
        self.choice, self.files, self.split = choice, files, split
        self.settings = Settings.model_validate(choice["settings"])
        self.table = read_split(split)
        self.with_validation = bool(files["validation"])
        training = self._images("train")
        validation = self._images("validation") if self.with_validation else None
        images = training
        if choice["refit"] and validation is not None:
            images = training.joined_with(validation)
        self.learner = FineTuningTrainer(
            self.settings,
            len(class_names(self.table)),
            load_backbone(
                self.settings.backbone,
                files["backbone"]["image_size"],
                files["backbone"]["layer"],
                files["weights"],
                self.settings.seed,
                self.settings.network,
            ),
            images,
            None if choice["refit"] else validation,
            f"refit of {choice['trial']}",
        )

    def facts(self, partition: str) -> Path:
        """The file that says what a partition's packed images are."""
        return self._packed(partition, "json")

    def read(self) -> list[Path]:
        """What the final model depends on besides settings and code."""
        partitions = ["train", "validation"] if self.with_validation else ["train"]
        weights = [Path(self.files["weights"])] if self.files["weights"] else []
        facts = [self.facts(partition) for partition in partitions]
        return [self.split, Path(self.files["table"]), *facts, *weights]

    def fit_at_recorded_rates(self, state: CheckpointStore) -> None:
        """Train with the chosen trial's learning rates, from where a killed job came to."""
        trial, rates = self.choice["trial"], self.choice["learning_rates"]
        run = state.restore(self.learner)
        if run is None and self.settings.first_step is not None:
            images = self._features("train")
            if self.with_validation:
                images = images.joined_with(self._features("validation"))
            self._train_head_first(images, None, rates["head"])
        run = fit_at_recorded_rates(
            self.learner,
            rates["network"],
            "network",
            f"refit of {trial}",
            run,
            lambda so_far: state.save(self.learner, so_far, improved=True),
        )
        if run.status != "completed":
            raise RuntimeError(f"the refit of {trial} {run.status}: {run.reason}")

    def take_weights(self, checkpoints: Path) -> None:
        """Take the trial's weights, or train it as it was."""
        trial = self.choice["trial"]
        kept = kept_weights(checkpoints / trial)
        if kept is not None:
            self.learner.set_weights(kept)
            return
        log.warning("the weights of %s are gone; it is trained again as it was", trial)
        if self.settings.first_step is not None:
            self._train_head_first(self._features("train"), self._features("validation"))
        run_epochs(self.learner, EpochPlan.of(self.settings, "network"), trial)

    def _train_head_first(
        self,
        training: LabeledFeatures,
        validation: LabeledFeatures | None,
        rates: list[float] | None = None,
    ) -> None:
        train_head_first(
            self.settings,
            self.learner.classes,
            training,
            validation,
            self.learner.head,
            self.choice["trial"],
            rates,
        )

    def _rows(self, partition: str) -> pd.DataFrame:
        table = read_split(self.files["table"]) if partition == "train" else self.table
        return partition_table(table, partition)

    def _images(self, partition: str) -> PackedImages:
        return open_packed(self._packed(partition, "npy"), self._rows(partition))

    def _features(self, partition: str) -> LabeledFeatures:
        return read_features(f"{self.files['plain']}/{partition}", self._rows(partition))

    def _packed(self, partition: str, ending: str) -> Path:
        size = self.files["backbone"]["image_size"]
        return Path(f"{self.files['data']}/{partition}/{size}.{ending}")


def refit_network(
    choice: dict[str, Any],
    files: dict[str, Any],
    split: Path,
    checkpoints: Path,
    code: str,
    out_model: Path,
    out_record: Path,
) -> None:
    """Train and save."""
    refit = Refit(choice, files, split)
    if choice["refit"]:
        state = CheckpointStore(checkpoints / "refit", state_key(code, choice, refit.read()))
        refit.fit_at_recorded_rates(state)
        state.clear()
    else:
        refit.take_weights(checkpoints)
    refit.learner.model.save(out_model)
    write_record(
        out_record,
        choice["settings"],
        code,
        [refit.facts("train")],
        trial=choice["trial"],
        refit=choice["refit"],
        training_images=len(refit.learner.images),
        epochs=len(choice["learning_rates"]["network"]),
    )


if __name__ == "__main__":
    with job(snakemake.log[0]):
        gpus = set_up(snakemake.threads, wants_gpu=True, gpu_missing=snakemake.params.gpu_missing)
        use_mixed_precision(snakemake.params.choice["settings"]["mixed_precision"], gpus)
        refit_network(
            choice=snakemake.params.choice,
            files=snakemake.params.files,
            split=Path(snakemake.input.split),
            checkpoints=Path(snakemake.params.checkpoints),
            code=snakemake.params.code,
            out_model=Path(snakemake.output.model),
            out_record=Path(snakemake.output.record),
        )
