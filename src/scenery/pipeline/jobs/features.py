"""Jobs that compute features and codebooks."""

from pathlib import Path

from scenery.config.encoding import Encoding
from scenery.pipeline.jobs.base import Job
from scenery.study.features import FeatureSet
from scenery.study.resampling import FoldSpec


class VectorsSpec(Job):
    """How images become the vectors that a classical model takes.

    Attributes:
        features: The plain features.
        weights: Weights of the backbone; None: random ones.
        codebook: The codebook of their encoding; None without one.
    """

    features: FeatureSet
    weights: Path | None
    codebook: Path | None


class ExtractFeaturesJob(Job):
    """Features of one partition.

    Attributes:
        partition: train or validation.
        features: Which features.
        weights: Weights of the backbone; None: random ones.
    """

    partition: str
    features: FeatureSet
    weights: Path | None


class LearnCodebookJob(Job):
    """A codebook.

    Attributes:
        encoding: How it is learned.
        seed: Seed of the sample and of where learning starts.
        fold: The fold whose images it does not see; None: it sees no validation images.
    """

    encoding: Encoding
    seed: int
    fold: FoldSpec | None = None
