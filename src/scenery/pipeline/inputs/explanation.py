"""Inputs and parameters of the rules of workflow/rules/explain.smk."""

from typing import Any

from scenery.image_size import ImageSize
from scenery.pipeline.inputs.context import Context, array_inputs
from scenery.pipeline.inputs.final_models import FinalModelInputs
from scenery.pipeline.jobs.explanation import ExplainJob, Rendering
from scenery.registry.augmentations import AUGMENT_OPTIONS


class ExplanationInputs:
    """What is inside the final models, and the augmentations in use."""

    def __init__(self, context: Context, final_models: FinalModelInputs) -> None:
        self.context = context
        self.layout = context.layout
        self.final_models = final_models

    def explained(self) -> list[str]:
        """The experiments whose final models are explained; those that share one count once.

        A classical model has no layers to look into.
        """
        wanted = self.context.study.explain.experiments
        if wanted == "none":
            return []
        if wanted == "best":
            return self._best()
        names = self.context.experiments if wanted == "all" else wanted
        networks = [n for n in names if self.context.choice(n).settings.classifier is None]
        return list(dict.fromkeys(self.context.plan.refit_in(name) for name in networks))

    def _best(self) -> list[str]:
        """The experiment whose chosen network is best; of equally good ones the first."""
        records = [self.context.choice_record(name) for name in self.context.experiments]
        networks = [r for r in records if r["settings"].get("classifier") is None]
        networks.sort(key=lambda record: -record["validation_accuracy"])
        return [self.context.plan.refit_in(record["experiment"]) for record in networks[:1]]

    def images(self, wildcards: Any) -> list[str]:
        """The packed validation images."""
        size = self.context.choice(wildcards.experiment).image_size
        return array_inputs(self.layout.packed("validation", size))

    def files(self, wildcards: Any) -> list[str]:
        """Images of the user's own."""
        return list(self.context.study.explain.files)

    def explain(self, wildcards: Any) -> dict[str, Any]:
        """What is looked into, and how images of the user's own are read."""
        wanted = self.context.study.explain
        return ExplainJob(
            images=wanted.images,
            layers=wanted.layers,
            learned=self.learned(wildcards),
            **self.context.image_reading,
        ).as_params()

    def learned(self, wildcards: Any) -> bool:
        """Whether the final model has learned from the validation images, too."""
        refit = self.context.study.refit
        trial = self.context.choice(wildcards.experiment)
        return refit and "validation" in self.final_models.refit_partitions(trial, refit)

    # Augmentations

    def _augmentations(self) -> tuple[list[Rendering], ImageSize | None]:
        """Every operation that any trial augments with, alone; and an image size for them."""
        found: dict[str, Rendering] = {}
        sizes: list[ImageSize] = []
        for experiment in self.context.experiments:
            for trial in self.context.plan.trials(experiment):
                augment = trial.settings.augment
                if not augment.active:
                    continue
                sizes.append(trial.image_size)
                for name, value in augment.model_dump(exclude_defaults=True).items():
                    if name in AUGMENT_OPTIONS:
                        continue
                    options = {option: getattr(augment, option) for option in AUGMENT_OPTIONS}
                    alone = {name: value, **options}
                    label = name.replace("_", " ") + ("" if value is True else f" {value}")
                    found.setdefault(
                        f"{name} {value}",
                        Rendering.model_validate({"name": label, "augment": alone}),
                    )
        return [one for _, one in sorted(found.items())], sizes[0] if sizes else None

    def augmentation_images(self, wildcards: Any) -> list[str]:
        """The packed training images on which augmentations are shown."""
        size = self._augmentations()[1]
        assert size is not None
        return array_inputs(self.layout.packed("train", size))

    def augmentations(self, wildcards: Any) -> list[dict[str, Any]]:
        """The augmentations that are shown."""
        return [one.as_params() for one in self._augmentations()[0]]
