"""Jobs that explain networks and show augmentations."""

from scenery.config.settings import Augment
from scenery.pipeline.jobs.base import ImageReading, Job


class ExplainJob(ImageReading):
    """What is looked into of a final model.

    Attributes:
        images: Most right and most wrong answers that Grad-CAM explains.
        layers: Layers whose feature maps are kept; none: the ends of stages.
        learned: Whether the model was trained on the validation images, too.
    """

    images: int
    layers: tuple[str, ...] = ()
    learned: bool = False


class Rendering(Job):
    """An augmentation to be shown: its label and its operations."""

    name: str
    augment: Augment
