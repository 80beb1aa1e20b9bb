"""The settings of one trial: the network, its training data and its training.

Settings are complete after validation. They alone identify a trial.
"""

import hashlib
import json
from functools import cache, cached_property
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from scenery.config.classifier import Classifier
from scenery.config.encoding import Encoding
from scenery.config.head import Head
from scenery.config.setting_combinations import check_classifier, check_combinations
from scenery.config.setting_values import (
    FROM_LAYER,
    WEIGHTS_FROM_EXPERIMENT,
    MixingParameter,
    SizeOrNative,
    Trainable,
    Weights,
)
from scenery.config.training import ACCURACY, Checkpoint, EarlyStopping, FirstStep, Penalty
from scenery.registry.augmentations import Augment
from scenery.registry.custom_architectures import (
    NETWORK_OPTIONS,
    Network,
    alpha_problem,
    with_defaults,
)
from scenery.registry.optimizers import OPTIMIZERS, Optimizer
from scenery.registry.options import (
    AppliesIf,
    Bool,
    Epochs,
    Fraction,
    Int,
    Seed,
    Strict,
    check_used,
    differences,
    own_options,
    shared_default,
)
from scenery.registry.presets import PRESET, PRESET_BACKBONES
from scenery.registry.schedules import SCHEDULES, Schedule
from scenery.registry.weight_averaging import WEIGHT_AVERAGES, WeightAveraging

# Settings of training by epochs. A classical model is fitted at once, from features.
NETWORK_ONLY = (
    "batch_norm_statistics",
    "first_step",
    "optimizer",
    "schedule",
    "epochs",
    "minimum_updates",
    "batch_size",
    "steps_per_epoch",
    "early_stopping",
    "checkpoint",
    "loss",
    "label_smoothing",
    "mixup",
    "cutmix",
    "weight_averaging",
    "test_time_augmentation",
    "mixed_precision",
)
# Updates that a head on few images gets; with some hundred images, 50 epochs are more.
MINIMUM_UPDATES = 1000

# Settings that say how a head is trained in epochs. An exact linear head has none of them.
OF_EPOCHS = frozenset(
    {"optimizer", "schedule", "epochs", "batch_size", "early_stopping", "checkpoint"}
    | {"steps_per_epoch"}
    | {"loss", "label_smoothing", "minimum_updates", "augment", "views"}
    | {f"head.{name}" for name in ("dense", "activation", "batch_norm", "dropout", "l1", "l2")}
    | {f"head.{name}" for name in ("aggregation", "supervise", "negative_slope", "class_mode")}
    | {"head.kernel_initializer"}
)

# Options that only some optimizers and schedules have.
OPTIMIZER_OPTIONS = own_options(OPTIMIZERS)
SCHEDULE_OPTIONS = own_options(SCHEDULES)
WEIGHT_AVERAGING_OPTIONS = own_options(WEIGHT_AVERAGES)

# Fine-tuning and scratch; with scratch, statistics are always updated.
FINE_TUNED = AppliesIf("where the backbone is fine-tuned", lambda s: not s.frozen_backbone)
VIEWS = AppliesIf(
    "with trainable: head and an augmentation", lambda s: s.frozen_backbone and s.augment.active
)


BY_EPOCHS = AppliesIf(
    "with head.solver: epochs or where the backbone is fine-tuned",
    lambda s: s.classifier is not None or s.head.solver == "epochs",
)


class Settings(Strict):
    """All settings of one trial."""

    backbone: str = Field("MobileNet", description="Name of the network.")
    weights: Weights = Field(
        "imagenet",
        description="imagenet, none (random), the path of a weights file, experiment:NAME, what "
        "the network chosen by that experiment learned on the training images alone, or "
        "preset:NAME_OR_FOLDER, a preset of KerasHub, for "
        f"{', '.join(PRESET_BACKBONES)}; needs the packages of scenery[hub].",
    )
    image_size: SizeOrNative = Field(
        "native",
        description="Side of the square input in pixels, or [height, width]; native: the "
        "backbone's own.",
    )
    cut: str | None = Field(None, description="The last layer of the backbone that is kept.")
    remove_stages: Annotated[Int, Field(ge=0)] = Field(
        0, description="Number of stages removed from the top, below `cut`."
    )
    subset: str = Field(
        "full",
        description="Training images used: full; per_class_N, which is N of each class, drawn by "
        "the trial's seed and so anew for each repeat; or a name in subsets.",
    )
    trainable: Trainable = Field(
        "head",
        description="Trained layers: head, head+N (and the N top stages), from:LAYER (and the "
        "backbone from this layer on), all, scratch (all, random weights), or lora (head, and "
        "low-rank matrices beside the dense layers of a vision transformer).",
    )
    lora_rank: Annotated[
        Annotated[Int, Field(ge=1, le=256)],
        AppliesIf("with trainable: lora", lambda s: s.trainable == "lora"),
    ] = Field(8, description="Rank of the matrices with trainable: lora.")
    batch_norm_statistics: Annotated[Literal["frozen", "updated"], FINE_TUNED] = Field(
        "frozen", description="Whether fine-tuning updates the backbone's batch norm statistics."
    )
    penalty: Annotated[Penalty, FINE_TUNED] = Field(
        default_factory=Penalty,
        description="Penalty on the kernels of the backbone, or of an own network, that are "
        "trained.",
    )
    network: Network = Field(
        default_factory=shared_default(Network),
        description="Options of the networks that Scenery builds itself; unset: the network's own.",
    )
    head: Head = Field(
        default_factory=shared_default(Head), description="The layers on top of the backbone."
    )
    classifier: Classifier | None = Field(
        None,
        description="A classical model on the features instead of the softmax head; needs "
        "trainable: head.",
    )
    encoding: Encoding | None = Field(
        None,
        description="One vector of the local descriptors of a feature map, instead of pooling it; "
        "needs a classifier.",
    )
    first_step: FirstStep | None = Field(
        None, description="Train the head alone first; only with head+N, from:LAYER, lora or all."
    )
    augment: Augment = Field(
        default_factory=shared_default(Augment), description="Random changes of images."
    )
    views: Annotated[Int, Field(ge=1, le=1000), VIEWS] = Field(
        10, description="Number of augmented views of each image, with a frozen backbone."
    )
    optimizer: Annotated[Optimizer, BY_EPOCHS] = Field(
        default_factory=shared_default(Optimizer), description="How weights are updated."
    )
    schedule: Annotated[Schedule, BY_EPOCHS] = Field(
        default_factory=shared_default(Schedule), description="Learning rate over epochs."
    )
    epochs: Annotated[Epochs, BY_EPOCHS] = Field(50, description="Passes over the data.")
    minimum_updates: Annotated[Annotated[Int, Field(ge=0, le=10_000_000)] | None, BY_EPOCHS] = (
        Field(
            None,
            description="Train for more epochs if `epochs` are fewer updates (batches) than this. "
            f"Unset: {MINIMUM_UPDATES} with trainable: head and epochs unset, otherwise 0.",
        )
    )
    batch_size: Annotated[Int, Field(ge=1, le=65536), BY_EPOCHS] = Field(
        32, description="Images per step."
    )
    steps_per_epoch: Annotated[Annotated[Int, Field(ge=1, le=1_000_000)] | None, BY_EPOCHS] = Field(
        None,
        description="Steps of one epoch; unset: so many that each image is seen once. With fewer, "
        "each epoch sees other images.",
    )
    early_stopping: Annotated[EarlyStopping | None, BY_EPOCHS] = Field(
        None, description="Stop before the last epoch."
    )
    checkpoint: Annotated[Checkpoint, BY_EPOCHS] = Field(
        default_factory=Checkpoint, description="The epoch whose weights are kept."
    )
    loss: Annotated[Literal["crossentropy", "mean_squared_error"], BY_EPOCHS] = Field(
        "crossentropy",
        description="crossentropy: categorical, or binary with head.class_mode: binary. "
        "mean_squared_error: of the probabilities.",
    )
    label_smoothing: Annotated[Fraction, BY_EPOCHS] = Field(
        0.0, description="Fraction of each label that is spread over all classes."
    )
    mixup: Annotated[MixingParameter, FINE_TUNED] = Field(
        0.0,
        description="MixUp: parameter of the beta distribution by which each image is mixed with "
        "another, such as 0.2; 0: no MixUp.",
    )
    cutmix: Annotated[MixingParameter, FINE_TUNED] = Field(
        0.0,
        description="CutMix: the same for a box of the other image in each image, such as 1; "
        "0: no CutMix. With mixup, half of the batches have each.",
    )
    weight_averaging: Annotated[WeightAveraging, FINE_TUNED] = Field(
        default_factory=shared_default(WeightAveraging),
        description="The average of the weights over training, which is validated and kept in "
        "place of the weights of the last step.",
    )
    test_time_augmentation: Annotated[Literal["none", "flip", "ten_crops"], FINE_TUNED] = Field(
        "none",
        description="Views of an image whose class probabilities are averaged, in validation, test "
        "and predictions. flip: the image and its mirror image. ten_crops: four corners and the "
        "center, 7/8 of the side, each with its mirror image.",
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: rare classes count more in the loss."
    )
    mixed_precision: Annotated[Bool, FINE_TUNED] = Field(
        True, description="Use 16-bit arithmetic in fine-tuning on a GPU; never on a CPU."
    )
    seed: Seed = Field(1, description="Seed of weights, shuffling, dropout and augmentation.")

    @model_validator(mode="before")
    @classmethod
    def _scratch_means_random(cls, values: Any) -> Any:
        # A grid over `trainable` may hold scratch beside head and all; "from scratch" already
        # says that no weights are loaded and that batch norm must learn its statistics.
        if isinstance(values, dict) and values.get("trainable") == "scratch":
            weights = values.get("weights")
            values = {**values, "weights": "none", "batch_norm_statistics": "updated"}
            network = values.get("network") or {}
            if (
                isinstance(weights, str)
                and weights.startswith(PRESET)
                and isinstance(network, dict)
            ):
                # The preset still describes the network.
                values["network"] = {"preset": weights.removeprefix(PRESET), **network}
            values.pop("first_step", None)
        return values

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        check_used(self.network, NETWORK_OPTIONS, self.backbone, "network.")
        if (problem := alpha_problem(self.backbone, self.network)) is not None:
            raise ValueError(problem)
        self.__dict__["network"] = with_defaults(self.backbone, self.network)
        self._with_preset()
        check_combinations(self)
        return self

    def _with_preset(self) -> None:
        """The preset that weights name describes the network, too."""
        preset, named = self.weights_preset, self.network.preset
        if preset is not None:
            if self.backbone not in PRESET_BACKBONES:
                raise ValueError(
                    f"weights: {PRESET} is for {', '.join(PRESET_BACKBONES)}; found backbone: "
                    f"{self.backbone}"
                )
            if named not in (None, preset):
                raise ValueError(
                    f"network.preset: {named} is not the preset of weights: {self.weights}; leave "
                    "one of them out"
                )
            self.__dict__["network"] = self.network.model_copy(update={"preset": preset})

    @model_validator(mode="after")
    def _of_classifier(self) -> "Settings":
        if self.classifier is None:
            return self
        check_classifier(self, self.classifier)
        # Settings that a classical model does not use make no other trial. Pydantic lets a
        # validator complete an object that nobody else has seen yet.
        plain = Settings()
        reset = {name: getattr(plain, name) for name in NETWORK_ONLY}
        scaling = self.classifier.scaling or self._default_scaling()
        classifier = self.classifier.model_copy(update={"scaling": scaling})
        self.__dict__.update(reset, head=self._pooling_alone(), classifier=classifier)
        return self

    @model_validator(mode="after")
    def _with_updates(self) -> "Settings":
        if self.minimum_updates is None:
            said = "epochs" in self.model_fields_set
            self.__dict__["minimum_updates"] = self._implied_updates(said)
        return self

    def _implied_updates(self, epochs_are_said: bool) -> int:
        return MINIMUM_UPDATES if self.frozen_backbone and not epochs_are_said else 0

    def steps_of(self, images: int) -> int:
        """Gradient steps of one epoch on a number of images."""
        return self.steps_per_epoch or -(-images // self.batch_size)

    def epochs_of(self, images: int) -> int:
        """Epochs of training on a number of images.

        Args:
            images: Training images.
        """
        updates_each = self.steps_of(images)
        return max(self.epochs, -(-(self.minimum_updates or 0) // updates_each))

    @model_validator(mode="after")
    def _with_solver(self) -> "Settings":
        if self.classifier is not None:
            return self
        reason = self._reason_for_epochs()
        if self.head.solver == "lbfgs" and reason is not None:
            raise ValueError(
                "head.solver: lbfgs is for a linear head on features of a frozen backbone, without "
                f"any other penalty; {reason} needs head.solver: epochs"
            )
        if self.head.solver is None:
            said = OF_EPOCHS & self.model_fields_set
            solver = "epochs" if said else self._implied_solver()
            self.__dict__["head"] = self.head.model_copy(update={"solver": solver})
        return self

    def _reason_for_epochs(self) -> str | None:
        """What an exact linear head cannot have; None if there is nothing."""
        if not self.frozen_backbone:
            return f"trainable: {self.trainable}"
        for name in ("dropout", "l1", "l2", "kernel_initializer"):
            if getattr(self.head, name):
                return f"head.{name}"
        if self.head.not_linear is not None:
            return self.head.not_linear
        if self.loss != "crossentropy":
            return f"loss: {self.loss}"
        return "label_smoothing" if self.label_smoothing else None

    def _implied_solver(self) -> Literal["lbfgs", "epochs"]:
        # With views there are many times as many vectors, for which L-BFGS takes long.
        by_epochs = self._reason_for_epochs() is not None or self.augment.active
        return "epochs" if by_epochs else "lbfgs"

    def without_unused(self) -> "Settings":
        """The same trial; what an exact linear head does not use is at its default."""
        if self.head.solver != "lbfgs":
            return self
        plain = Settings()
        return self.model_copy(update={name: getattr(plain, name) for name in NETWORK_ONLY})

    def _default_scaling(self) -> str:
        assert self.classifier is not None
        return str(self.classifier.record.default_scaling(self.encoding is not None))

    def _pooling_alone(self) -> Head:
        """The part of the head that a classical model uses: pooling, without an encoding."""
        return Head() if self.encoding is not None else Head(pooling=self.head.pooling)

    @property
    def monitor(self) -> str:
        """The measure of the best epoch, validation_accuracy or validation_loss."""
        stopping = self.early_stopping.monitor if self.early_stopping is not None else None
        return self.checkpoint.monitor or stopping or ACCURACY

    @property
    def monitor_is_set(self) -> bool:
        """Whether the config names the measure of the best epoch."""
        stopping = self.early_stopping
        return bool(self.checkpoint.monitor or (stopping is not None and stopping.monitor))

    @property
    def frozen_backbone(self) -> bool:
        """Whether only the head learns, so that the backbone's activations can be kept."""
        return self.trainable == "head"

    @property
    def weights_from(self) -> str | None:
        """The experiment whose chosen network gives the backbone's weights; None: none does."""
        if not self.weights.startswith(WEIGHTS_FROM_EXPERIMENT):
            return None
        return self.weights.removeprefix(WEIGHTS_FROM_EXPERIMENT)

    @property
    def weights_preset(self) -> str | None:
        """Name or folder of the preset that gives the backbone's weights; None: none does."""
        named = self.weights.startswith(PRESET)
        return self.weights.removeprefix(PRESET) if named else None

    @property
    def first_trained_layer(self) -> str | None:
        """LAYER of from:LAYER, the lowest layer of the backbone that learns; None: not named."""
        named = self.trainable.startswith(FROM_LAYER)
        return self.trainable.removeprefix(FROM_LAYER) if named else None

    @property
    def trainable_stages(self) -> int | None:
        """N of head+N; 0 where no stage learns; None where all do, or those from a layer on."""
        if self.trainable in ("head", "lora"):
            return 0
        return int(self.trainable[5:]) if self.trainable.startswith("head+") else None

    def minimal(self) -> dict[str, Any]:
        """As for every group; defaults of `network` and of the scaling depend on other groups.

        The result is cached and must not be changed.
        """
        return self._minimal

    @cached_property
    def _minimal(self) -> dict[str, Any]:
        found = super().minimal()
        implied = with_defaults(self.backbone, Network())
        network = differences(self.network, implied.__dict__)
        if self.weights_preset is not None:
            network.pop("preset", None)
        found = {k: v for k, v in found.items() if k != "network"}
        if network:
            found["network"] = network
        if self.classifier is not None and self.classifier.scaling == self._default_scaling():
            found["classifier"].pop("scaling", None)
        if self.minimum_updates == self._implied_updates("epochs" in found):
            found.pop("minimum_updates", None)
        # Beside a setting of epochs, `solver: lbfgs` is not what an unset solver means.
        unsaid = self.head.solver == "epochs" or not OF_EPOCHS.intersection(found)
        if self.head.solver == self._implied_solver() and unsaid:
            found.get("head", {}).pop("solver", None)
        if not found.get("head", True):
            del found["head"]
        return found

    def digest(self, without: frozenset[str] = frozenset()) -> str:
        """Ten hexadecimal digits that name these settings.

        Only what differs from the defaults counts, so that a setting added in a later version
        does not change the digests of older trials.
        """
        return _digest(self._with_implied_monitors(self.minimal()), without)

    def digests(self) -> tuple[str, str]:
        """The digest of all settings, and that of all but the seed."""
        values = self._with_implied_monitors(self.minimal())
        return _digest(values), _digest(values, frozenset({"seed"}))

    def _with_implied_monitors(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values that name the monitored measures only where they are not the implied ones."""
        checkpoint = {
            key: value
            for key, value in values.get("checkpoint", {}).items()
            if key not in ("monitor", "mode")
        }
        if self.monitor != ACCURACY:
            checkpoint["monitor"] = self.monitor
        values = {name: value for name, value in values.items() if name != "checkpoint"}
        if checkpoint:
            values["checkpoint"] = checkpoint
        if self.early_stopping is not None and self.early_stopping.monitor == self.monitor:
            stopping = dict(values["early_stopping"])
            del stopping["monitor"]
            values["early_stopping"] = stopping
        return values

    def flat(self) -> dict[str, Any]:
        """Settings by dotted name, such as `optimizer.learning_rate`."""
        return flatten(self.model_dump())


def _digest(values: dict[str, Any], without: frozenset[str] = frozenset()) -> str:
    kept = {name: value for name, value in values.items() if name not in without}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


@cache
def _conditions(model: type[Strict], prefix: str = "") -> dict[str, AppliesIf]:
    """The settings that do not always have an effect, by dotted name."""
    found: dict[str, AppliesIf] = {}
    for name, field in model.model_fields.items():
        conditions = (part for part in field.metadata if isinstance(part, AppliesIf))
        found |= {f"{prefix}{name}": condition for condition in conditions}
        # A group that may be unset is one of two types.
        for group in get_args(field.annotation) or (field.annotation,):
            if isinstance(group, type) and issubclass(group, Strict):
                found |= _conditions(group, f"{prefix}{name}.")
    return found


def ineffective_settings(settings: Settings) -> dict[str, str]:
    """The settings that have no effect on a trial, whatever their values.

    Returns:
        By dotted name when the setting has an effect, in words that follow "only".
    """
    conditions = _conditions(Settings)
    return {name: one.text for name, one in conditions.items() if not one.holds(settings)}


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one level of dotted names; an empty one is a value."""
    flat: dict[str, Any] = {}
    _flatten_into(flat, values, prefix)
    return flat


def _flatten_into(flat: dict[str, Any], values: dict[str, Any], prefix: str) -> None:
    for key, value in values.items():
        # `early_stopping: {}` sets it, with its defaults.
        if isinstance(value, dict) and value:
            _flatten_into(flat, value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
