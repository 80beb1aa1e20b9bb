"""Jobs that divide and pack the images."""

from typing import Literal

from scenery.image_size import ImageSize
from scenery.pipeline.jobs.base import ImageReading, Job


class SplitJob(Job):
    """A division of the images.

    Attributes:
        test: Fraction of each class for the test, if the data set gives no test partition.
        validation: Fraction of what is left, if it gives no validation partition.
        seed: Seed of the sample.
        given_test: What happens to a test partition that the data set gives.
    """

    test: float
    validation: float
    seed: int
    given_test: Literal["keep", "divide", "refuse"] = "keep"


class PackJob(ImageReading):
    """Images of one partition, packed into an array.

    Attributes:
        partition: train, validation or test.
        size: Size of the images in pixels.
    """

    partition: str
    size: ImageSize
