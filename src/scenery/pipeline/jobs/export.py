"""The job that exports a final model."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from scenery.image_size import ImageSize
from scenery.pipeline.jobs.base import ImageReading, Job
from scenery.pipeline.jobs.features import VectorsSpec


class ModelSource(Job):
    """Where a final model comes from, as its folder tells.

    Attributes:
        experiment: The experiment that chose the model.
        backbone: Name of the backbone.
        layer: The layer at which it ends.
        weights: imagenet, none, a weights file, or experiment:NAME.
        license: License of the weights; empty where the study made or was given them.
        preprocessing: How the model itself scales its input, in words.
    """

    experiment: str
    backbone: str
    layer: str
    weights: str
    license: str
    preprocessing: str


class ExportJob(ImageReading):
    """A final model for use without the study.

    Attributes:
        source: Where it comes from.
        image_size: Size of its input in pixels.
        calibration: What held-out images say about its probabilities, as in chosen.yaml.
        formats: Formats beside its own.
        novelty: Whether training images are kept to compare photographs with.
        images: Packed training images for both; None where none are read.
        vectors: How images become its input; None for a network, which takes images.
    """

    source: ModelSource
    image_size: ImageSize
    calibration: dict[str, float | None] = Field(default_factory=dict)
    formats: tuple[Literal["onnx", "tflite", "saved_model"], ...] = ()
    novelty: bool = False
    images: Path | None = None
    vectors: VectorsSpec | None = None
