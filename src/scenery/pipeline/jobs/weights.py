"""The job that checks the weights of a backbone."""

from scenery.image_size import ImageSize
from scenery.pipeline.jobs.base import Job
from scenery.registry.custom_architectures import Network


class CheckWeightsJob(Job):
    """The check of a weights file.

    Attributes:
        backbone: A name of the backbone table.
        layers: The layers at which trials end it.
        image_size: Size of the input in pixels, where the weights depend on it; None: any.
        options: Options of a custom architecture; None for other backbones.
    """

    backbone: str
    layers: tuple[str, ...]
    image_size: ImageSize | None = None
    options: Network | None = None
