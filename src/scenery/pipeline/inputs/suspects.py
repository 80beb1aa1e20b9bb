"""Inputs and parameters of the rules of workflow/rules/suspects.smk."""

from typing import Any

from scenery.errors import UserError
from scenery.pipeline.inputs.context import Context, array_files, array_inputs
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.suspects import SuspectsJob
from scenery.pipeline.layout import ArrayPaths
from scenery.study.features import FeatureSet
from scenery.study.resampling import is_quick


class SuspectInputs:
    """The check of labels, by features that the study computes anyway."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.layout = context.layout

    def _features(self) -> FeatureSet | None:
        """The features of the best choice with vectors of a frozen backbone; of equals the first.

        Weights of an earlier experiment have learned from the labels, so they do not count.
        """
        usable: list[tuple[float, FeatureSet]] = []
        for name in self.context.experiments:
            choice = self.context.choice(name)
            settings, features = choice.settings, choice.plain_features
            if is_quick(settings) and settings.weights_from is None and features.pooling != "map":
                accuracy = float(self.context.choice_record(name)["validation_accuracy"])
                usable.append((accuracy, features))
        return max(usable, key=lambda one: one[0])[1] if usable else None

    def page(self, wildcards: Any) -> list[str]:
        """The page of suspicious labels, if there is one."""
        if not self.context.study.lists_suspects:
            return []
        if self._features() is not None:
            return [self.layout.suspects_page]
        if self.context.study.dataset.suspects:
            raise UserError(
                "dataset.suspects: true needs an experiment that chooses a setting with a frozen "
                "backbone (trainable: head or a classifier), one vector for each image and no "
                "encoding; add one, or set dataset.suspects: false"
            )
        return []

    def _paths(self) -> tuple[list[ArrayPaths], list[ArrayPaths]]:
        """Features and packed images of both partitions."""
        features = self._features()
        assert features is not None
        parts = ("train", "validation")
        return (
            [self.layout.features(features.id, part) for part in parts],
            [self.layout.packed(part, features.image_size) for part in parts],
        )

    def arrays(self, wildcards: Any) -> list[str]:
        """Features and packed images."""
        features, images = self._paths()
        return [file for paths in (*features, *images) for file in array_inputs(paths)]

    def job(self, wildcards: Any) -> dict[str, Any]:
        """The same as a job."""

        def files(paths: list[ArrayPaths]) -> tuple[ArrayFiles, ArrayFiles]:
            train, validation = map(array_files, paths)
            return train, validation

        features, images = self._paths()
        return SuspectsJob(features=files(features), images=files(images)).as_params()

    @property
    def reading(self) -> dict[str, int]:
        """How pictures are read."""
        dataset = self.context.study.dataset
        return {"max_pixels": dataset.max_pixels, "white_level": dataset.white_level}
