"""Inputs and parameters of the rules of workflow/rules/data.smk."""

from pathlib import Path
from typing import Any

from scenery.data.sources import dataset_digest
from scenery.pipeline.inputs.context import Context
from scenery.pipeline.jobs import PackJob
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
    def root(self) -> str:
        """The folder that files in catalogue and split are relative to."""
        if self.dataset.root is not None:
            return self.dataset.root
        if self.dataset.made or Path(self.images).is_dir():
            return self.images
        return str(Path(self.images).parent)

    def image_root(self, wildcards: Any) -> str:
        """The same as a parameter: Snakemake takes braces in a plain text for wildcards."""
        return self.root

    def images_digest(self, wildcards: Any) -> str:
        """Digest of the images' content, so that copies with new times make nothing stale."""
        if self.dataset.made:
            return self.dataset.path
        return dataset_digest(self.images, self.dataset.root, DIGESTS)

    def catalogue(self, wildcards: Any) -> dict[str, Any]:
        """How the images are listed and checked."""
        return {
            **self.dataset.duplicates.model_dump(),
            "path": self.images,
            "root": self.dataset.root,
            "on_problem": self.dataset.on_problem,
            "max_pixels": self.dataset.max_pixels,
            "white_level": self.dataset.white_level,
        }

    def fetched_dataset(self, wildcards: Any) -> str:
        """Name of the data set that Keras fetches."""
        return str(wildcards.dataset)

    def subset(self, wildcards: Any) -> dict[str, Any]:
        """How many images of each class a subset has, and the seed of their sample."""
        return drawn(self.context.study, wildcards.subset).model_dump()

    def pack(self, wildcards: Any) -> dict[str, Any]:
        """The images that one array holds."""
        return PackJob(
            root=Path(self.root),
            partition=wildcards.partition,
            size=int(wildcards.size),
            resize=self.dataset.resize,
            max_pixels=self.dataset.max_pixels,
            white_level=self.dataset.white_level,
        ).as_params()
