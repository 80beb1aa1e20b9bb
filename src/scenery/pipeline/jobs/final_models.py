"""Jobs that train final models, test them and compare them."""

from pathlib import Path

from pydantic import Field

from scenery.pipeline.jobs.base import ArrayFiles, Job, TrialSettings
from scenery.pipeline.jobs.features import VectorsSpec
from scenery.pipeline.jobs.trials import BackboneSpec, NetworkData
from scenery.study.resampling import Resampling


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
    costs: dict[str, dict[str, float]] = Field(default_factory=dict)
    calibration: dict[str, float | None] = Field(default_factory=dict)


class SoupMember(Job):
    """A final model of which a soup is made.

    Attributes:
        trial: Its trial.
        model: Its file.
        record: What it was made with.
    """

    trial: str
    model: Path
    record: Path


class AverageWeightsJob(Job):
    """The soup of one repeat of the best settings.

    Attributes:
        experiment: The experiment whose settings they are.
        members: One final model of each setting. They have the same layers.
    """

    experiment: str
    members: tuple[SoupMember, ...]


class ScoredTrial(Job):
    """The score of one final model.

    Attributes:
        trial: The trial; of a soup its role.
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
