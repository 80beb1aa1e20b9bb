"""Fine-tune the chosen network once more for the final score.

In: packed images of train and, for the whole training set, validation; weights; features for the
first of two steps. Out: model.keras (images 0..255 in, class probabilities out), record.json.
"""

import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from scenery.data.feature_files import LabeledFeatures, read_features
from scenery.data.packed_images import open_packed
from scenery.data.tables import class_names, partition_table, read_split
from scenery.evaluation.records import write_record
from scenery.evaluation.status import TrialStatus
from scenery.models.feature_extraction import load_backbone
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.final_models import RefitNetworkJob
from scenery.pipeline.jobs.trials import NetworkData
from scenery.training.checkpoints import CheckpointStore, kept_weights, state_key
from scenery.training.epochs import EpochPlan, fit_at_recorded_rates, run_epochs
from scenery.training.fine_tuning import FineTuningTrainer
from scenery.training.first_step import train_head_first
from scenery.training.hardware import set_up, use_mixed_precision

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


class Refit:
    """The parts of a final model: the choice, the images it learns from, the network.

    With `job.refit` the network is trained at the chosen trial's learning rates on train and
    validation images. Without, it takes the trial's own weights; where they are gone the trial is
    run again.
    """

    def __init__(self, job: RefitNetworkJob, split: Path) -> None:
        self.job, self.split = job, split
        self.settings, self.trial = job.choice.settings, job.choice.trial
        self.table = read_split(split)
        training = open_packed(job.training.images.array, self._rows("train"))
        validation = None
        if job.validation is not None:
            validation = open_packed(job.validation.images.array, self._rows("validation"))
        images = training
        if job.refit and validation is not None:
            images = training.joined_with(validation)
        self.learner = FineTuningTrainer(
            self.settings,
            len(class_names(self.table)),
            load_backbone(**dict(job.backbone)),
            images,
            None if job.refit else validation,
            f"refit of {self.trial}",
            self.settings.epochs_of(len(training)),
        )

    @property
    def dependencies(self) -> list[Path]:
        """Files whose content the final model depends on."""
        data = [self.job.training, *([self.job.validation] if self.job.validation else [])]
        weights = [self.job.backbone.weights] if self.job.backbone.weights else []
        return [self.split, self.job.table, *(one.images.facts for one in data), *weights]

    def fit(self, store: CheckpointStore) -> None:
        """Train at the chosen trial's learning rates, from the last state of a killed job."""
        rates = self.job.choice.learning_rates
        run = store.restore(self.learner)
        if run is None and self.settings.first_step is not None:
            features = self._features("train", self.job.training)
            rows = self._rows("train")
            if self.job.validation is not None:
                validation = self._features("validation", self.job.validation)
                features = features.joined_with(validation)
                rows = pd.concat([rows, self._rows("validation")], ignore_index=True)
            self._train_head_first(features, None, rows, rates["head"])
        run = fit_at_recorded_rates(
            self.learner,
            rates["network"],
            "network",
            f"refit of {self.trial}",
            run,
            lambda so_far: store.save(self.learner, so_far, improved=True),
        )
        if run.status != TrialStatus.COMPLETED:
            raise RuntimeError(f"the refit of {self.trial} {run.status}: {run.reason}")

    def take_weights(self) -> None:
        """Take the trial's weights, or train it again."""
        kept = kept_weights(self.job.checkpoints / self.trial)
        if kept is not None:
            self.learner.set_weights(kept)
            return
        log.warning("the weights of %s are gone; it is trained again", self.trial)
        if self.settings.first_step is not None:
            assert self.job.validation is not None
            self._train_head_first(
                self._features("train", self.job.training),
                self._features("validation", self.job.validation),
                self._rows("train"),
            )
        plan = EpochPlan.of(self.settings, "network", len(self.learner.images))
        run_epochs(self.learner, plan, self.trial)

    def _train_head_first(
        self,
        training: LabeledFeatures,
        validation: LabeledFeatures | None,
        rows: pd.DataFrame,
        rates: list[float] | None = None,
    ) -> None:
        train_head_first(
            self.settings,
            self.learner.classes,
            training,
            validation,
            self.learner.head,
            self.trial,
            rates,
            rows,
        )

    def _rows(self, partition: str) -> pd.DataFrame:
        table = read_split(self.job.table) if partition == "train" else self.table
        return partition_table(table, partition)

    def _features(self, partition: str, data: NetworkData) -> LabeledFeatures:
        assert data.features is not None
        return read_features(data.features.array, data.features.facts, self._rows(partition))


def refit_network(
    job: RefitNetworkJob, split: Path, code: str, out_model: Path, out_record: Path
) -> None:
    """Train and save."""
    refit = Refit(job, split)
    if job.refit:
        what = {"choice": job.choice.as_params(), "refit": job.refit}
        key = state_key(code, what, refit.dependencies)
        store = CheckpointStore(job.checkpoints / "refit" / job.choice.trial, key)
        refit.fit(store)
        store.clear()
        # The state of another refit of the experiment may still be there.
        with contextlib.suppress(OSError):
            (job.checkpoints / "refit").rmdir()
    else:
        refit.take_weights()
    refit.learner.final_model().save(out_model)
    write_record(
        out_record,
        job.choice.settings.model_dump(mode="json"),
        code,
        [job.training.images.facts],
        trial=job.choice.trial,
        refit=job.refit,
        training_images=len(refit.learner.images),
        epochs=len(job.choice.learning_rates["network"]),
    )


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        refit_job = RefitNetworkJob.model_validate(snakemake.params.job)
        gpus = set_up(snakemake.threads, wants_gpu=True, gpu_missing=snakemake.params.gpu_missing)
        use_mixed_precision(refit_job.choice.settings.mixed_precision, gpus)
        refit_network(
            job=refit_job,
            split=Path(snakemake.input.split),
            code=snakemake.params.code,
            out_model=Path(snakemake.output.model),
            out_record=Path(snakemake.output.record),
        )
