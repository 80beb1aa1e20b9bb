"""The job that times a network."""

from scenery.image_size import ImageSize
from scenery.pipeline.jobs.base import Job
from scenery.registry.custom_architectures import Network


class TimeNetworkJob(Job):
    """A network whose predictions are timed; its weights do not matter.

    Attributes:
        name: Of the backbone.
        image_size: Size of its input in pixels.
        layer: The layer at which it ends.
        options: Of a custom architecture.
    """

    name: str
    image_size: ImageSize
    layer: str
    options: Network
