"""Inputs and parameters of the rules of workflow/rules/data.smk."""

import hashlib
from pathlib import Path
from typing import Any, Literal

from scenery.data.file_lists import listed_files
from scenery.data.sources import dataset_digest, source_root
from scenery.image_size import named_size
from scenery.pipeline.inputs.context import Context, array_inputs
from scenery.pipeline.jobs.data import PackJob, SplitJob
from scenery.pipeline.resources import forward_threads
from scenery.registry.backbones import EMBEDDING_BACKBONE
from scenery.study.subsets import drawn

# Digests of the images by time and size, kept from one call to the next.
DIGESTS = Path(".snakemake/scenery_digests.json")


class DataInputs:
    """From images on disk to packed arrays."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.dataset = context.study.dataset

    @property
    def images(self) -> str:
        """The data set: a folder or a manifest, made by the workflow or the user's own."""
        path = self.dataset.path
        return self.context.layout.made_dataset(path) if self.dataset.made else path

    @property
    def made_images(self) -> list[str]:
        """The data set as an input, where the workflow draws or fetches it."""
        return [self.images] if self.dataset.made else []

    @property
    def embeddings(self) -> list[str]:
        """Feature vectors of the images, where groups are taken from them."""
        if self.dataset.groups != "auto":
            return []
        return array_inputs(self.context.layout.embeddings)

    @property
    def embedding_threads(self) -> int:
        """Processors of the job that computes them."""
        return forward_threads(EMBEDDING_BACKBONE.native_size)

    def embed(self, wildcards: Any) -> dict[str, Any]:
        """How the images are read from which feature vectors are computed."""
        return {
            "reading": self.dataset.reading,
            "max_pixels": self.dataset.max_pixels,
            "white_level": self.dataset.white_level,
        }

    def source(self, wildcards: Any) -> Path:
        """The data set as a parameter that makes nothing stale.

        Snakemake compares parameters of plain types only, and a Path is none of them. So a data
        set in another folder makes nothing stale; other images do, by `images_digest`.
        """
        return Path(self.images)

    def root(self, wildcards: Any) -> Path:
        """The folder that files in catalogue and split are relative to; a Path as `source` is."""
        if self.dataset.made:
            return Path(self.images)
        return source_root(self.images, self.dataset.root)

    def images_digest(self, wildcards: Any) -> str:
        """Digest of the images' content, so that copies with new times make nothing stale."""
        if self.dataset.made:
            return self.dataset.path
        dataset = self.dataset
        return dataset_digest(self.images, dataset.root, DIGESTS, **dataset.reading)

    def catalogue(self, wildcards: Any) -> dict[str, Any]:
        """How the images are listed and checked."""
        return {
            **self.dataset.duplicates.model_dump(),
            **self.embed(wildcards),
            "groups": self.dataset.groups,
            "on_problem": self.dataset.on_problem,
        }

    def split(self, wildcards: Any) -> dict[str, Any]:
        """How the images are divided; another division has another seed."""
        split = self.context.study.split
        division = int(wildcards.get("division", 0))
        again: Literal["divide", "refuse"] = "divide" if split.repeat_given else "refuse"
        return SplitJob(
            test=split.test,
            validation=split.validation,
            seed=split.seed + division,
            given_test=again if division else "keep",
        ).as_params()

    def fetched_dataset(self, wildcards: Any) -> str:
        """Name of the data set that Keras fetches."""
        return str(wildcards.dataset)

    def subset(self, wildcards: Any) -> dict[str, Any]:
        """How many images a subset has and the seed of their sample, or which ones are given."""
        subset = drawn(self.context.study, wildcards.subset)
        how = subset.model_dump(exclude_none=True)
        if subset.files is not None:
            # Snakemake sees a changed list by its digest.
            names = "\n".join(listed_files(subset.files))
            how["digest"] = hashlib.sha256(names.encode()).hexdigest()
        return how

    def pack(self, wildcards: Any) -> dict[str, Any]:
        """The images that one array holds."""
        return PackJob(
            partition=wildcards.partition,
            size=named_size(wildcards.size),
            **self.context.image_reading,
        ).as_params()
