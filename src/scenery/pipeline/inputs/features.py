"""Inputs and parameters of the rules of workflow/rules/features.smk."""

from pathlib import Path
from typing import Any

from scenery.pipeline.inputs.context import Context, array_inputs
from scenery.pipeline.jobs.features import ExtractFeaturesJob, LearnCodebookJob
from scenery.pipeline.resources import forward_threads
from scenery.registry.custom_architectures import HANDCRAFTED
from scenery.study.features import CodebookSpec, FeatureSet


class FeatureInputs:
    """Features of frozen backbones, codebooks and encodings."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def _features(self, wildcards: Any) -> FeatureSet:
        return self.context.plan.feature_set(wildcards.features)

    def _codebook(self, wildcards: Any) -> CodebookSpec:
        return self.context.plan.codebook(wildcards.codebook)

    def images(self, wildcards: Any) -> list[str]:
        """The table of the images that a feature set covers, and the packed images."""
        features = self._features(wildcards)
        subset = features.subset if wildcards.partition == "train" else "full"
        packed = self.context.layout.packed(wildcards.partition, features.image_size)
        return [self.context.layout.subset(subset), *array_inputs(packed)]

    def weights(self, wildcards: Any) -> list[str]:
        """The weights of a feature set's backbone."""
        return self.context.weights_inputs(self._features(wildcards).weights_spec)

    def threads(self, wildcards: Any) -> int:
        """Processors of a job that extracts features."""
        return forward_threads(self._features(wildcards).image_size)

    def gpus(self, wildcards: Any) -> int:
        """GPUs of such a job; handcrafted descriptors are computed on processors."""
        return int(self._features(wildcards).backbone not in HANDCRAFTED)

    def extract(self, wildcards: Any) -> dict[str, Any]:
        """Which features of which images."""
        features = self._features(wildcards)
        return ExtractFeaturesJob(
            partition=wildcards.partition,
            features=features,
            weights=self.context.weights_file(features.weights_spec),
        ).as_params()

    def codebook_maps(self, wildcards: Any) -> list[str]:
        """The maps from which a codebook is learned."""
        codebook = self._codebook(wildcards)
        partitions = ("train",) if codebook.fold is None else ("train", "validation")
        paths = [self.context.layout.features(codebook.maps.id, one) for one in partitions]
        return [file for path in paths for file in array_inputs(path)]

    def codebook_table(self, wildcards: Any) -> str:
        """The table of the images from which a codebook is learned."""
        return self.context.layout.subset(self._codebook(wildcards).subset)

    def codebook_split(self, wildcards: Any) -> str:
        """The split, of which the codebook of a fold needs the validation images."""
        if self._codebook(wildcards).fold is None:
            return self.codebook_table(wildcards)
        return self.context.layout.split

    def learn_codebook(self, wildcards: Any) -> dict[str, Any]:
        """How a codebook is learned."""
        codebook = self._codebook(wildcards)
        return LearnCodebookJob(
            encoding=codebook.encoding, seed=codebook.seed, fold=codebook.fold
        ).as_params()

    def maps(self, wildcards: Any) -> list[str]:
        """The maps that are encoded."""
        raw = self._features(wildcards).raw
        return array_inputs(self.context.layout.features(raw.id, wildcards.partition))

    def codebook(self, wildcards: Any) -> list[str]:
        """The codebook by which they are encoded."""
        return codebook_inputs(self.context, self._features(wildcards).codebook)

    def encoding(self, wildcards: Any) -> dict[str, Any]:
        """How they are encoded."""
        encoding = self._features(wildcards).encoding
        assert encoding is not None
        return encoding.model_dump(mode="json")


def codebook_inputs(context: Context, codebook: CodebookSpec | None) -> list[str]:
    """The inputs of a job that reads a codebook; none without an encoding."""
    return [] if codebook is None else array_inputs(context.layout.codebook(codebook.id))


def codebook_file(context: Context, codebook: CodebookSpec | None) -> Path | None:
    """Where a job finds a codebook; None without an encoding."""
    return None if codebook is None else Path(context.layout.codebook(codebook.id).array)
