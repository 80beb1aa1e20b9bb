"""Inputs and parameters of the rules of workflow/rules/choose.smk and evaluate.smk."""

from pathlib import Path
from typing import Any

from scenery.pipeline.inputs.context import Context, array_files, array_inputs
from scenery.pipeline.inputs.features import codebook_file, codebook_inputs
from scenery.pipeline.inputs.trials import backbone_spec, network_data, network_inputs
from scenery.pipeline.jobs import (
    Choice,
    ChooseJob,
    EvaluateJob,
    RefitFeaturesJob,
    RefitNetworkJob,
    TrialRow,
    VectorsSpec,
)
from scenery.pipeline.layout import ArrayPaths
from scenery.pipeline.resources import forward_threads
from scenery.study.trials import ResolvedTrial


class FinalModelInputs:
    """The choice, the final models and their scores."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.layout = context.layout
        self.plan = context.plan

    # The choice

    def choose(self, wildcards: Any) -> dict[str, Any]:
        """The trials among which an experiment chooses."""
        name = wildcards.experiment
        experiment = self.context.study.experiments[name]
        trials = zip(
            self.plan.rows(name), self.plan.choosable(name), self.plan.trials(name), strict=True
        )
        return ChooseJob(
            experiment=name,
            title=experiment.title or name,
            strategy=experiment.strategy,
            how=experiment.choose,
            trials=tuple(
                TrialRow(row=row, candidate=candidate, settings=trial.settings)
                for row, candidate, trial in trials
            ),
            checkpoints=Path(self.layout.checkpoints(name)),
        ).as_params()

    # Refits

    def _choice(self, experiment: str) -> Choice:
        record = self.context.choice_record(experiment)
        return Choice.model_validate({name: record[name] for name in Choice.model_fields})

    def refit_partitions(self, trial: ResolvedTrial, refit: bool) -> list[str]:
        """Partitions that a final model learns from, and is chosen by without a refit.

        A subset keeps its size: its refit sees no validation images.
        """
        subset = trial.settings.subset != "full"
        return ["train"] if refit and subset else ["train", "validation"]

    def refit_features(self, wildcards: Any) -> list[str]:
        """Tables and features for the refit of a head or classical model."""
        trial = self.context.choice(wildcards.experiment)
        files = [self.context.table(trial)]
        files += array_inputs(self.layout.features(trial.training_features.id, "train"))
        validation = self._validation_features(trial)
        return files + (array_inputs(validation) if validation is not None else [])

    def _validation_features(self, trial: ResolvedTrial) -> ArrayPaths | None:
        refit = self.context.study.refit
        if "validation" not in self.refit_partitions(trial, refit):
            return None
        features = trial.training_features if refit else trial.plain_features
        return self.layout.features(features.id, "validation")

    def refit_weights(self, wildcards: Any) -> list[str]:
        """The weights of the backbone that a final head is put on."""
        return self.context.weights_inputs(self.context.choice(wildcards.experiment).weights)

    def refit_head(self, wildcards: Any) -> dict[str, Any]:
        """A final head."""
        trial = self.context.choice(wildcards.experiment)
        seed = trial.plain_features.seed
        return (
            self._refit_features_job(wildcards.experiment, trial)
            .model_copy(update={"backbone": backbone_spec(self.context, trial, seed)})
            .as_params()
        )

    def refit_classifier(self, wildcards: Any) -> dict[str, Any]:
        """A final classical model."""
        trial = self.context.choice(wildcards.experiment)
        return self._refit_features_job(wildcards.experiment, trial).as_params()

    def _refit_features_job(self, experiment: str, trial: ResolvedTrial) -> RefitFeaturesJob:
        validation = self._validation_features(trial)
        return RefitFeaturesJob(
            choice=self._choice(experiment),
            refit=self.context.study.refit,
            table=Path(self.context.table(trial)),
            training=array_files(self.layout.features(trial.training_features.id, "train")),
            validation=array_files(validation) if validation is not None else None,
            resampling=self.plan.resampling(experiment),
        )

    def refit_network_files(self, wildcards: Any) -> list[str]:
        """Table, images, features and weights of a final fine-tuned network."""
        trial = self.context.choice(wildcards.experiment)
        partitions = self.refit_partitions(trial, self.context.study.refit)
        return network_inputs(self.context, trial, partitions)

    def kept_network_files(self, wildcards: Any) -> list[str]:
        """The same for the chosen network as its trial left it."""
        trial = self.context.choice(wildcards.experiment)
        return network_inputs(self.context, trial, ["train", "validation"])

    def refit_threads(self, wildcards: Any) -> int:
        """Processors of a job that makes a final network."""
        return forward_threads(self.context.choice(wildcards.experiment).image_size)

    def refit_network(self, wildcards: Any) -> dict[str, Any]:
        """A final fine-tuned network."""
        return self._refit_network(wildcards.experiment, self.context.study.refit)

    def keep_network(self, wildcards: Any) -> dict[str, Any]:
        """The chosen network as its trial left it."""
        return self._refit_network(wildcards.experiment, refit=False)

    def _refit_network(self, experiment: str, refit: bool) -> dict[str, Any]:
        trial = self.context.choice(experiment)
        both = "validation" in self.refit_partitions(trial, refit)
        return RefitNetworkJob(
            choice=self._choice(experiment),
            refit=refit,
            table=Path(self.context.table(trial)),
            training=network_data(self.context, trial, "train"),
            validation=network_data(self.context, trial, "validation") if both else None,
            backbone=backbone_spec(self.context, trial),
            checkpoints=Path(self.layout.checkpoints(experiment)),
        ).as_params()

    # The score

    def final_model(self, wildcards: Any) -> list[str]:
        """The model to be scored and its record; experiments that chose the same share one."""
        return self.final_model_of(wildcards.experiment)

    def final_model_of(self, experiment: str) -> list[str]:
        """The same for an experiment by its name."""
        owner = self.plan.refit_in(experiment)
        kind = self.context.choice(owner).kind
        paths = self.layout.experiment(owner)
        return [
            paths.final_model(kind.refit_rule, kind.model_suffix),
            paths.final_record(kind.refit_rule),
        ]

    def final_records(self, wildcards: Any) -> list[str]:
        """The record of every experiment's final model."""
        return [self.final_model_of(name)[1] for name in self.context.experiments]

    def test_images(self, wildcards: Any) -> list[str]:
        """The packed test images: `evaluate` is the only rule that reads them."""
        size = self.context.choice(wildcards.experiment).image_size
        return array_inputs(self.layout.packed("test", size))

    def frozen_parts(self, wildcards: Any) -> list[str]:
        """The weights and the codebook that are no part of the final model's file."""
        trial = self.context.choice(wildcards.experiment)
        if trial.settings.classifier is None:
            return []
        codebook = trial.plain_features.codebook
        return self.context.weights_inputs(trial.weights) + codebook_inputs(self.context, codebook)

    def evaluate(self, wildcards: Any) -> dict[str, Any]:
        """How a final model is scored."""
        experiment = wildcards.experiment
        trial = self.context.choice(experiment)
        vectors = None
        if trial.settings.classifier is not None:
            features = trial.plain_features
            vectors = VectorsSpec(
                features=features,
                weights=self.context.weights_file(trial.weights),
                codebook=codebook_file(self.context, features.codebook),
            )
        return EvaluateJob(
            experiment=experiment, scored_in=self.plan.refit_in(experiment), vectors=vectors
        ).as_params()
