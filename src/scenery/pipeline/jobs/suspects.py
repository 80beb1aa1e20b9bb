"""The job that looks for wrong labels."""

from scenery.pipeline.jobs.base import ArrayFiles, Job


class SuspectsJob(Job):
    """The features and pixels by which the labels of images are checked.

    Attributes:
        features: Plain features of the training and of the validation images.
        images: The same images, packed.
    """

    features: tuple[ArrayFiles, ArrayFiles]
    images: tuple[ArrayFiles, ArrayFiles]
