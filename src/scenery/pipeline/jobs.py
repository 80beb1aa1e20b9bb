"""Typed jobs: what the rules hand to their scripts.

An input function builds a job; `as_params` turns it into plain values for Snakemake, which compares
them between runs. The last lines of a script read it back with `model_validate`. A job holds every
path that its script needs beside the rule's own inputs and outputs.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainSerializer,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from scenery.config.encoding import Encoding
from scenery.config.experiment import Aim, Choose
from scenery.config.search import Distribution, Halving, Search
from scenery.config.settings import Augment, Settings
from scenery.image_size import ImageSize
from scenery.registry.custom_architectures import Network
from scenery.study.features import FeatureSet
from scenery.study.resampling import FoldSpec, Resampling

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos", "hamming", "box"]


class Job(BaseModel):
    """Base of all jobs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def as_params(self) -> dict[str, Any]:
        """Plain values, as `params` of a rule may hold them."""
        return self.model_dump(mode="json")


def _as_they_are(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """Settings that were validated before, without another run of their validators."""
    return value if isinstance(value, Settings) else validate(value)


# A study can have thousands of trials, whose settings are mostly their defaults.
TrialSettings = Annotated[Settings, PlainSerializer(Settings.minimal), WrapValidator(_as_they_are)]


class ArrayFiles(Job):
    """An array and the JSON file of its facts."""

    array: Path
    facts: Path


class HalvingPlan(Job):
    """When and how the trials of an experiment are compared before their end.

    Attributes:
        rungs: The epochs after which they are compared, rising.
        halving: How many go on.
        choose: The rule by which they are ranked.
        brackets: The bracket of each trial, by its id: the comparison at which it begins.
        earlier: Metrics of the trials of earlier rounds with which they are compared; of heads.
    """

    rungs: tuple[int, ...]
    halving: Halving
    choose: Choose
    brackets: dict[str, int]
    earlier: tuple[Path, ...] = ()


class PromoteJob(HalvingPlan):
    """One comparison of the fine-tuned trials of an experiment.

    Attributes:
        rung: Its number.
    """

    rung: int


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


class DivisionTrial(Job):
    """A trial on features in another division of the images.

    Attributes:
        id: The trial's id.
        setting: What its repeats share.
        candidate: Whether it may be chosen.
        settings: Its settings.
        training: Features that it learns from, of the training, validation and test images of the
            study.
        plain: Plain features of the same images.
    """

    id: str
    setting: str
    candidate: bool
    settings: Settings
    training: tuple[ArrayFiles, ...]
    plain: tuple[ArrayFiles, ...]


class DivisionJob(Job):
    """The choice of an experiment in one division, and its test.

    Attributes:
        experiment: Its name.
        division: Number of the division, from 0, which is that of the study.
        how: The rule of choice.
        trials: In the order of the config.
        refit: Whether the chosen setting is trained once more on all training images.
        resampling: The folds in which trials are scored; None: the validation share.
        halving: How trials of low scores end early; None where all are trained to their end.
    """

    experiment: str
    division: int
    how: Choose
    trials: tuple[DivisionTrial, ...]
    refit: bool
    resampling: Resampling | None = None
    halving: HalvingPlan | None = None


class DividedExperiment(Job):
    """The results of an experiment in all divisions.

    Attributes:
        experiment: Its name.
        trials: Its trials.csv.
        choices: The choice in each division.
    """

    experiment: str
    trials: Path
    choices: tuple[Path, ...]


class CompareDivisionsJob(Job):
    """The experiments in all divisions.

    Attributes:
        experiments: Those that were divided again.
        left_out: Why others were not, by name.
    """

    experiments: tuple[DividedExperiment, ...]
    left_out: dict[str, str]


class SuspectsJob(Job):
    """The features and pixels by which the labels of images are checked.

    Attributes:
        features: Plain features of the training and of the validation images.
        images: The same images, packed.
    """

    features: tuple[ArrayFiles, ArrayFiles]
    images: tuple[ArrayFiles, ArrayFiles]


class GroupingJob(Job):
    """A setting in folds that keep groups of images whole, and in folds that do not.

    Attributes:
        experiment: The experiment that chose it.
        trial: The trial, with its folds.
    """

    experiment: str
    trial: FeatureTrial


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


class Choice(Job):
    """What a refit needs of an experiment's choice; the rest makes no refit stale.

    Attributes:
        trial: Id of the chosen trial.
        settings: Its settings.
        learning_rates: Its learning rates by step, up to its best epoch.
    """

    trial: str
    settings: TrialSettings
    learning_rates: dict[str, list[float]]


class RefitFeaturesJob(Job):
    """A final head or classical model, trained on features.

    Attributes:
        choice: What was chosen.
        refit: Whether it is trained once more, on more images; otherwise as its trial was.
        table: Table of its training images.
        training: Features that it learns from.
        validation: Features of the validation images: to learn from in a refit, to choose the
            epoch by otherwise; None where it reads none.
        backbone: The backbone that a head is put on; None for a classical model.
        resampling: The folds in which the trial was scored; None: there were none.
    """

    choice: Choice
    refit: bool
    table: Path
    training: ArrayFiles
    validation: ArrayFiles | None
    backbone: BackboneSpec | None = None
    resampling: Resampling | None = None


class RefitNetworkJob(Job):
    """A final fine-tuned network. Attributes as of `RefitFeaturesJob`.

    Attributes:
        checkpoints: Folder of the states of the experiment's trials.
    """

    choice: Choice
    refit: bool
    table: Path
    training: NetworkData
    validation: NetworkData | None
    backbone: BackboneSpec
    checkpoints: Path


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


class EvaluateJob(Job):
    """The score of a final model.

    Attributes:
        experiment: The experiment that chose the model.
        scored_in: The experiment for which it was trained; another one where both chose the same.
        vectors: How images become its input; None for a network, which takes images.
        costs: Costs of predictions by true and predicted class; none unless cost chooses.
        calibration: What held-out images say about the probabilities of the chosen setting, as in
            chosen.yaml; empty for other settings.
    """

    experiment: str
    scored_in: str
    vectors: VectorsSpec | None = None
    costs: dict[str, dict[str, float]] = {}
    calibration: dict[str, float | None] = {}


class ImageReading(Job):
    """How image files become the input of models.

    Attributes:
        resize: How an image becomes square.
        max_pixels: Images of more pixels are not decoded.
        white_level: The 16-bit value that becomes white.
        interpolation: How the pixels of a resized image are computed.
        color_mode: Whether images keep their colors.
    """

    resize: Literal["stretch", "crop", "pad"]
    max_pixels: int
    white_level: int
    interpolation: Interpolation = "bilinear"
    color_mode: Literal["rgb", "grayscale"] = "rgb"


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
    calibration: dict[str, float | None] = {}
    formats: tuple[Literal["onnx", "tflite", "saved_model"], ...] = ()
    novelty: bool = False
    images: Path | None = None
    vectors: VectorsSpec | None = None


class ScoredTrial(Job):
    """The score of one final model.

    Attributes:
        trial: The trial.
        metrics: Its metrics.json.
        predictions: Its predictions.csv.
    """

    trial: str
    metrics: Path
    predictions: Path


class ScoredSetting(Job):
    """A setting that was scored on test images.

    Attributes:
        experiment: The experiment whose setting it is.
        setting: Digest that its repeats share.
        roles: Why it was scored, as of `study.scored`.
        training_set: Name of its training set.
        trials: The scores of its repeats.
    """

    experiment: str
    setting: str
    roles: tuple[str, ...]
    training_set: str
    trials: tuple[ScoredTrial, ...]


class CompareJob(Job):
    """The comparison of an experiment's chosen setting with others.

    Attributes:
        experiment: The experiment.
        scored: Its settings that were scored, the chosen one first.
        before: The scored settings of the experiment that it starts from.
    """

    experiment: str
    scored: tuple[ScoredSetting, ...]
    before: tuple[ScoredSetting, ...] = ()


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


class PackJob(ImageReading):
    """Images of one partition, packed into an array.

    Attributes:
        partition: train, validation or test.
        size: Size of the images in pixels.
    """

    partition: str
    size: ImageSize


class TrialRow(Job):
    """A trial as `choose` and `trials.csv` list it.

    Attributes:
        row: The columns that say which trial it is.
        candidate: Whether it may be chosen.
        settings: Its settings.
        table: Table of its training images.
    """

    row: dict[str, Any]
    candidate: bool
    settings: TrialSettings
    table: Path


class ChooseJob(Job):
    """The choice among the trials of an experiment.

    Attributes:
        experiment: Its name.
        title: Its title.
        strategy: Key of the search strategy, such as grid.
        how: The rule of choice.
        trials: In the order of the config.
        checkpoints: Folder of the states of its fine-tuned trials.
        control: The setting that the chosen one is compared with; None without one.
        compare: Whether other settings and repeats are scored, too.
        speeds: Files with the times of predictions by trial, where they are an aim.
    """

    experiment: str
    title: str
    strategy: str
    how: Choose
    trials: tuple[TrialRow, ...]
    checkpoints: Path
    control: str | None = None
    compare: bool = True
    speeds: dict[str, Path] = {}


class AssessJob(Job):
    """How sure a choice is.

    Attributes:
        how: The rule of choice.
    """

    how: Choose


class PastProposal(Job):
    """A proposal of an earlier round.

    Attributes:
        values: The values of its settings.
        trials: Its repeats; none where the settings exclude each other.
    """

    values: dict[str, Any]
    trials: tuple[str, ...]


class ProposeJob(Job):
    """The proposals of one round of a search.

    Attributes:
        experiment: Its name.
        search: Sampler, seed and space. Its number of trials is that up to this round.
        count: Number of proposals.
        basis: Digest of what they are proposed from.
        aims: The measures that are optimized.
        costs: Costs of predictions by true and predicted class; none unless cost is the measure.
        start: The settings that the trials vary.
        base: The settings of the study.
        color_mode: Whether images keep their colors.
        before: The proposals of each earlier round.
        speeds: Files with the times of predictions by trial, where they are an aim.
    """

    experiment: str
    search: Search
    count: int
    basis: str
    aims: tuple[Aim, ...]
    costs: dict[str, dict[str, float]]
    start: Settings
    base: Settings
    color_mode: Literal["rgb", "grayscale"]
    before: tuple[tuple[PastProposal, ...], ...]
    speeds: dict[str, Path] = {}


class OptunaJob(Job):
    """A search as a study of Optuna.

    Attributes:
        experiment: Its name.
        aims: The measures that are optimized.
        space: The space of its settings.
    """

    experiment: str
    aims: tuple[Aim, ...]
    space: dict[str, Distribution]


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
