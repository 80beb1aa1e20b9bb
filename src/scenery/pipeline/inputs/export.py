"""Inputs and parameters of the rules of workflow/rules/export.smk."""

from pathlib import Path
from typing import Any

from scenery.pipeline.inputs.context import Context, array_inputs, unique
from scenery.pipeline.inputs.final_models import FinalModelInputs
from scenery.pipeline.jobs.export import ExportJob, ModelSource
from scenery.pipeline.model_folder import CARD_PAGE, FACTS, FORMAT_FILES, format_problem
from scenery.registry.backbones import BACKBONES, PREPROCESSING_TEXTS
from scenery.registry.custom_architectures import architecture
from scenery.registry.presets import PRESET_BACKBONES, published_presets
from scenery.study.trials import ResolvedTrial


class ExportInputs:
    """Final models for use without the study."""

    def __init__(self, context: Context, final_models: FinalModelInputs) -> None:
        self.context = context
        self.final_models = final_models

    def owners(self) -> list[str]:
        """The experiments that have a final model of their own."""
        return unique([self.context.plan.refit_in(name) for name in self.context.experiments])

    def files(self, wildcards: Any) -> list[str]:
        """The exported models and their cards, if the study asks for them."""
        if not self.context.study.export:
            return []
        paths = [self.context.layout.experiment(name) for name in self.owners()]
        return [one.exported(file) for one in paths for file in (FACTS, CARD_PAGE)]

    def images(self, wildcards: Any) -> list[str]:
        """The packed training images, where further formats or the score of novelty need them."""
        trial = self.context.choice(wildcards.experiment)
        compared = self._formats and not format_problem(self.final_models.vectors(trial))
        if not compared and not self._novelty:
            return []
        return array_inputs(self.context.layout.packed("train", trial.image_size))

    @property
    def _formats(self) -> tuple[str, ...]:
        wanted = self.context.study.export
        return tuple(unique([name for name in wanted if name in FORMAT_FILES]))

    @property
    def _novelty(self) -> bool:
        return "novelty" in self.context.study.export

    def export(self, wildcards: Any) -> dict[str, Any]:
        """How a final model is exported."""
        trial = self.context.choice(wildcards.experiment)
        images = self.images(wildcards)
        job = ExportJob(
            source=self._source(wildcards.experiment, trial),
            image_size=trial.image_size,
            **self.context.image_reading,
            calibration=self.context.choice_record(wildcards.experiment)["calibration"],
            formats=self._formats,
            novelty=self._novelty,
            images=Path(images[0]) if images else None,
            vectors=self.final_models.vectors(trial),
        )
        return job.as_params()

    def _source(self, experiment: str, trial: ResolvedTrial) -> ModelSource:
        settings = trial.settings
        record = BACKBONES.get(settings.backbone)
        if record is not None:
            how = PREPROCESSING_TEXTS[record.preprocessing]
        elif settings.backbone in PRESET_BACKBONES:
            how = "the model scales its input as the preset's image converter does"
        else:
            made = architecture(settings.backbone, settings.network)
            how = PREPROCESSING_TEXTS[made.preprocessing]
        published = record is not None and settings.weights == "imagenet"
        license = record.family.license if record is not None and published else ""
        if settings.weights_preset in published_presets():
            license = PRESET_BACKBONES[settings.backbone].license
        return ModelSource(
            experiment=experiment,
            backbone=settings.backbone,
            layer=trial.layer,
            # Of a file its name alone: the folder says nothing on another machine.
            weights=Path(settings.weights).name,
            license=license,
            preprocessing=how,
        )
