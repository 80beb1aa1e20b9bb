"""Jobs that train trials, on features or whole networks."""

from pathlib import Path

from scenery.image_size import ImageSize
from scenery.pipeline.jobs.base import ArrayFiles, Job, TrialSettings
from scenery.pipeline.jobs.halving import HalvingPlan
from scenery.registry.custom_architectures import Network
from scenery.study.resampling import FoldSpec, Resampling


class FoldFeatures(Job):
    """Features of all images by the codebook of one fold.

    Attributes:
        training: Those to learn from, of the training and of the validation images.
        plain: Plain ones of both.
    """

    training: tuple[ArrayFiles, ArrayFiles]
    plain: tuple[ArrayFiles, ArrayFiles]


class FoldFiles(Job):
    """Folds of the training and validation images, and what they need beside `FeatureTrial`.

    Attributes:
        resampling: The folds.
        training: Features of the plain training images.
        validation: Features of the validation images to learn from.
        of_folds: The features of each fold of each repeat, if they depend on a codebook.
    """

    resampling: Resampling
    training: ArrayFiles
    validation: ArrayFiles
    of_folds: tuple[tuple[FoldFeatures, ...], ...] = ()

    @property
    def files(self) -> tuple[ArrayFiles, ...]:
        """All features."""
        folds = [fold for repeat in self.of_folds for fold in repeat]
        more = [files for fold in folds for files in (*fold.training, *fold.plain)]
        return (self.training, self.validation, *more)


class FeatureTrial(Job):
    """One trial on features of a frozen backbone.

    Attributes:
        id: The trial's id.
        settings: Its settings.
        table: Table of its training images.
        training: Features that it learns from.
        validation: Features of the plain validation images.
        folds: The folds in which it is scored; None: it is scored on the validation images.
    """

    id: str
    settings: TrialSettings
    table: Path
    training: ArrayFiles
    validation: ArrayFiles
    folds: FoldFiles | None = None

    @property
    def dependencies(self) -> tuple[Path, ...]:
        """Files whose content its result depends on."""
        more = () if self.folds is None else self.folds.files
        return (self.table, *(files.facts for files in (self.training, self.validation, *more)))


class FeatureTrialsJob(Job):
    """Trials on features that one process runs: heads, or classical models.

    Attributes:
        trials: In the order of the config.
        finished: Folder of the trials that are done.
        halving: How trials of low scores end early; None where all are trained to their end.
    """

    trials: tuple[FeatureTrial, ...]
    finished: Path
    halving: HalvingPlan | None = None


class BackboneSpec(Job):
    """A backbone with its weights, ended at a layer.

    Attributes:
        name: A name of the backbone table.
        image_size: Size of its input in pixels.
        layer: The layer at which it ends.
        weights: Weights file; None: random weights drawn from the seed.
        seed: Seed of random weights.
        options: Options of a custom architecture, or the preset of a transformer.
        pooling: The pooling of the head on it, on which the end of a transformer depends.
    """

    name: str
    image_size: ImageSize
    layer: str
    weights: Path | None
    seed: int
    options: Network
    pooling: str = "average"


class NetworkData(Job):
    """The files of one partition that a job of a whole network reads.

    Attributes:
        images: Packed images.
        features: For the first of two steps, None without one: of images that are learned from
            the views that the step asks for, of all others plain ones.
        held_out: Plain features of the same images, for the folds in which they are held out;
            None without folds, and where `features` are plain.
    """

    images: ArrayFiles
    features: ArrayFiles | None = None
    held_out: ArrayFiles | None = None


class NetworkTrial(Job):
    """A fine-tuned trial.

    Attributes:
        trial: Its id.
        settings: Its settings.
        backbone: Its backbone.
        table: Table of its training images.
        training: Training images.
        validation: Validation images.
        checkpoints: Folder of its states.
    """

    trial: str
    settings: TrialSettings
    backbone: BackboneSpec
    table: Path
    training: NetworkData
    validation: NetworkData
    checkpoints: Path


class FineTuneJob(NetworkTrial):
    """One fine-tuned trial.

    Attributes:
        keep_weights: Whether its best weights stay in the folder of its states.
        until: The epoch after which it pauses, to be compared with others; None: its last.
    """

    keep_weights: bool
    until: int | None = None


class FineTuneFoldJob(NetworkTrial):
    """A fine-tuned trial in one fold.

    Attributes:
        fold: The fold whose images are held out.
    """

    fold: FoldSpec


class FoldResult(Job):
    """What a fine-tuned trial gave in one fold.

    Attributes:
        outcome: A JSON file: status, parameters and seconds.
        history: One row for each epoch.
        predictions: Class probabilities of the held-out images after each epoch.
    """

    outcome: Path
    history: Path
    predictions: Path


class JoinFoldsJob(Job):
    """The folds of a fine-tuned trial that become its result.

    Attributes:
        trial: Its id.
        settings: Its settings.
        table: Table of its training images.
        resampling: Its folds.
        folds: The results of each fold of each repeat.
    """

    trial: str
    settings: TrialSettings
    table: Path
    resampling: Resampling
    folds: tuple[tuple[FoldResult, ...], ...]
