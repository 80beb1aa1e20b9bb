"""The settings of one trial: what is trained, on what, and how.

A trial's settings are complete before anything runs, so that every job can be told apart, named
and found stale by them alone.
"""

import hashlib
import json
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from scenery.config.classifier import Classifier
from scenery.config.encoding import Encoding
from scenery.registry.custom_architectures import NETWORK_OPTIONS, Network
from scenery.registry.options import (
    ACTIVATIONS,
    Bool,
    Epochs,
    Fraction,
    Int,
    Number,
    Rate,
    Seed,
    Strict,
    only_known_options,
)

OPTIMIZERS = (
    "SGD",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "Adam",
    "AMSGrad",
    "AdamW",
    "Adamax",
    "Nadam",
)
SCHEDULES = ("constant", "step", "exponential", "inverse_time", "cosine", "plateau")

# Start of a value of `weights` that names the experiment in which they were learned.
WEIGHTS_FROM_EXPERIMENT = "experiment:"

# What only training by epochs knows; a classical model is fitted at once, from features alone.
NETWORK_ONLY = (
    "batch_norm_statistics",
    "first_step",
    "optimizer",
    "schedule",
    "epochs",
    "batch_size",
    "early_stopping",
    "label_smoothing",
    "mixed_precision",
)

# Options that only some optimizers and schedules know; everything else may be set for all.
OPTIMIZER_OPTIONS = {"momentum": ("SGD", "RMSprop"), "nesterov": ("SGD",)}
SCHEDULE_OPTIONS = {
    "factor": ("step", "plateau"),
    "every": ("step",),
    "rate": ("exponential", "inverse_time"),
    "patience": ("plateau",),
    "minimum": ("cosine", "plateau"),
}


class Head(Strict):
    """What is put on the backbone: pooling, dense layers, batch norm, dropout, softmax.

    With `merge` nothing is pooled: the dense layers and the softmax answer at every position of
    the feature map, and their answers are merged.
    """

    renamed_keys: ClassVar[dict[str, str]] = {"merge": "aggregation", "learn_from": "supervise"}

    pooling: Literal["average", "max", "flatten"] = Field(
        "average", description="How the backbone's last feature map becomes one vector."
    )
    dense: tuple[Annotated[Int, Field(ge=1, le=65536)], ...] = Field(
        (), description="Widths of the dense layers between pooling and softmax."
    )
    activation: Literal[ACTIVATIONS] = Field(  # type: ignore[valid-type]
        "relu", description="Activation of the dense layers."
    )
    batch_norm: Bool = Field(False, description="Batch norm after each dense layer (or once).")
    dropout: Fraction = Field(0.0, description="Dropout rate before each dense layer and softmax.")
    l1: Annotated[Number, Field(ge=0)] = Field(0.0, description="L1 penalty on the head's kernels.")
    l2: Annotated[Number, Field(ge=0)] = Field(
        0.0, description="L2 penalty on the head's kernels; with l1 too it is the elastic net."
    )
    aggregation: Literal["none", "mean", "product", "vote"] = Field(
        "none",
        description="Instead of pooling features: the head answers at every position and the "
        "answers are merged by their mean, their product (normalized geometric mean) or a vote.",
    )
    supervise: Literal["image", "positions"] = Field(
        "image",
        description="merge: whether the loss is that of the merged answer (end to end) or of "
        "every position's own, each with the image's label.",
    )

    @model_validator(mode="after")
    def _merging(self) -> "Head":
        if self.aggregation == "none" and self.supervise == "positions":
            raise ValueError("supervise: positions needs an aggregation: mean, product or vote")
        if self.aggregation == "vote" and self.supervise == "image":
            raise ValueError(
                "aggregation: vote cannot be learned through; it needs supervise: positions"
            )
        if self.aggregation != "none" and self.pooling != "average":
            raise ValueError(
                f"pooling: {self.pooling} is not used with aggregation: {self.aggregation}"
            )
        return self


class Augment(Strict):
    """Random changes of the training images, in the words of the course."""

    renamed_keys: ClassVar[dict[str, str]] = {"fill": "fill_mode"}

    rotation: Annotated[Number, Field(ge=0, le=180)] = Field(
        0.0, description="Largest rotation to either side, in degrees."
    )
    width_shift: Fraction = Field(0.0, description="Largest sideways shift, fraction of the width.")
    height_shift: Fraction = Field(
        0.0, description="Largest up or down shift, fraction of the height."
    )
    shear: Fraction = Field(0.0, description="Largest horizontal shear, fraction of the width.")
    zoom: Fraction = Field(0.0, description="Largest zoom in or out, fraction of the size.")
    horizontal_flip: Bool = Field(False, description="Mirror half of the images left to right.")
    vertical_flip: Bool = Field(False, description="Mirror half of the images top to bottom.")
    brightness: Fraction = Field(
        0.0, description="Largest brightness change, fraction of the full range."
    )
    fill_mode: Literal["nearest", "constant", "reflect", "wrap"] = Field(
        "nearest", description="What is shown where a moved image leaves a gap."
    )

    @property
    def active(self) -> bool:
        """Whether any operation is switched on."""
        return bool(self.model_dump(exclude={"fill_mode"}, exclude_defaults=True))


class Optimizer(Strict):
    """How the weights are updated."""

    name: Literal[OPTIMIZERS] = Field("Adam", description="The rule.")  # type: ignore[valid-type]
    learning_rate: Rate = Field(
        1e-3, description="Learning rate at the start; schedules change it."
    )
    momentum: Fraction | None = Field(None, description="Momentum (SGD and RMSprop only).")
    nesterov: Bool | None = Field(None, description="Nesterov's momentum (SGD only).")
    weight_decay: Annotated[Number, Field(ge=0, lt=1)] | None = Field(
        None, description="Decoupled weight decay, for any optimizer; AdamW has 0.004 if unset."
    )

    @model_validator(mode="after")
    def _options(self) -> "Optimizer":
        only_known_options(self, self.name, OPTIMIZER_OPTIONS)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0")
        return self


class Schedule(Strict):
    """How the learning rate changes from epoch to epoch."""

    renamed_keys: ClassVar[dict[str, str]] = {"warm_up": "warmup_epochs"}

    name: Literal[SCHEDULES] = Field("constant", description="The law.")  # type: ignore[valid-type]
    factor: Annotated[Number, Field(gt=0, lt=1)] | None = Field(
        None, description="step, plateau: what the rate is multiplied by (0.5 if unset)."
    )
    every: Annotated[Int, Field(ge=1)] | None = Field(
        None, description="step: epochs between two drops (10 if unset)."
    )
    rate: Annotated[Number, Field(gt=0)] | None = Field(
        None, description="exponential: rate*exp(-r*epoch); inverse_time: rate/(1+r*epoch) (0.1)."
    )
    patience: Annotated[Int, Field(ge=1)] | None = Field(
        None, description="plateau: epochs without a lower validation loss before a drop (5)."
    )
    minimum: Annotated[Number, Field(ge=0)] | None = Field(
        None, description="cosine, plateau: the rate never falls below this (0 if unset)."
    )
    warmup_epochs: Annotated[Int, Field(ge=0)] = Field(
        0, description="Epochs in which the rate climbs linearly to its start value."
    )

    @model_validator(mode="after")
    def _options(self) -> "Schedule":
        only_known_options(self, self.name, SCHEDULE_OPTIONS)
        return self


class EarlyStopping(Strict):
    """When training ends before its last epoch."""

    patience: Annotated[Int, Field(ge=1)] = Field(
        10, description="Epochs without improvement before training ends."
    )
    monitor: Literal["validation_accuracy", "validation_loss"] = Field(
        "validation_loss", description="What must improve."
    )


class FirstStep(Strict):
    """The first of the classic two steps: the head alone, on the frozen backbone."""

    epochs: Epochs = Field(20, description="Epochs of the head alone.")
    learning_rate: Rate = Field(1e-3, description="Learning rate of Adam in this step.")


def _trainable(value: str) -> str:
    if not re.fullmatch(r"head|all|scratch|head\+[1-9][0-9]*", value):
        raise ValueError(
            "allowed are head, head+N (the N top stages, such as head+1), all and scratch"
        )
    return value


def _weights(value: str) -> str:
    if (
        value.startswith(WEIGHTS_FROM_EXPERIMENT)
        and not value.removeprefix(WEIGHTS_FROM_EXPERIMENT).strip()
    ):
        raise ValueError("experiment: is followed by the name of an experiment")
    return value


class Settings(Strict):
    """Everything that makes one training run what it is."""

    backbone: str = Field("MobileNet", description="A network of the backbone table.")
    weights: Annotated[str, AfterValidator(_weights)] = Field(
        "imagenet",
        description="imagenet, none (random), the path of a weights file, or experiment:NAME, "
        "what the network chosen by that experiment learned on the training images alone.",
    )
    image_size: Literal["native"] | Annotated[Int, Field(ge=16, le=2048)] = Field(
        "native", description="Side of the square input in pixels; native: the backbone's own."
    )
    cut: str | None = Field(None, description="Layer at which the backbone is ended.")
    remove_stages: Annotated[Int, Field(ge=0)] = Field(
        0, description="Stages taken off the top (of what `cut` leaves)."
    )
    subset: str = Field(
        "full",
        description="Training images used: full; per_class_N, which is N of each class, drawn by "
        "the trial's seed and so anew for each repeat; or a name in subsets.",
    )
    trainable: Annotated[str, AfterValidator(_trainable)] = Field(
        "head", description="What learns: head, head+N, all, or scratch (all, random weights)."
    )
    batch_norm_statistics: Literal["frozen", "updated"] = Field(
        "frozen", description="Whether fine-tuning updates the backbone's batch norm statistics."
    )
    network: Network = Field(
        default_factory=Network,
        description="Options of the networks that Scenery builds itself; unset: the network's own.",
    )
    head: Head = Field(default_factory=Head, description="What is put on the backbone.")
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
        None, description="Train the head alone first; only with head+N or all."
    )
    augment: Augment = Field(default_factory=Augment, description="Random changes of images.")
    views: Annotated[Int, Field(ge=1, le=1000)] = Field(
        10, description="Augmented renderings kept of each image where the backbone is frozen."
    )
    optimizer: Optimizer = Field(default_factory=Optimizer, description="How weights are updated.")
    schedule: Schedule = Field(default_factory=Schedule, description="Learning rate over epochs.")
    epochs: Epochs = Field(50, description="Passes over the data.")
    batch_size: Annotated[Int, Field(ge=1, le=65536)] = Field(32, description="Images per step.")
    early_stopping: EarlyStopping | None = Field(None, description="End before the last epoch.")
    label_smoothing: Fraction = Field(
        0.0, description="Share of each label spread over all classes."
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: rare classes count more in the loss."
    )
    mixed_precision: Bool = Field(
        True, description="16-bit arithmetic in fine-tuning where a GPU has it; never on a CPU."
    )
    seed: Seed = Field(1, description="Seed of weights, shuffling, dropout and augmentation.")

    @model_validator(mode="before")
    @classmethod
    def _scratch_means_random(cls, values: Any) -> Any:
        # A grid over `trainable` may hold scratch beside head and all; "from scratch" already
        # says that no weights are loaded and that batch norm must learn its statistics.
        if isinstance(values, dict) and values.get("trainable") == "scratch":
            values = {**values, "weights": "none", "batch_norm_statistics": "updated"}
            values.pop("first_step", None)
        return values

    @model_validator(mode="after")
    def _consistent(self) -> "Settings":
        only_known_options(self.network, self.backbone, NETWORK_OPTIONS, "network.")
        if self.first_step is not None and self.trainable == "head":
            raise ValueError("first_step is for head+N and all; with trainable: head it is all")
        if self.schedule.warmup_epochs >= self.epochs and self.schedule.warmup_epochs > 0:
            raise ValueError(
                f"schedule.warmup_epochs ({self.schedule.warmup_epochs}) must be below epochs "
                f"({self.epochs})"
            )
        return self

    @model_validator(mode="after")
    def _of_classifier(self) -> "Settings":
        if self.classifier is None:
            return self
        if self.trainable != "head":
            raise ValueError(
                f"a classifier learns from the features of a frozen backbone: trainable must be "
                f"head, not {self.trainable}"
            )
        fisher = self.encoding is not None and self.encoding.name == "fisher_vectors"
        if fisher and self.classifier.kernel == "histogram_intersection":
            raise ValueError(
                "the histogram_intersection kernel is for values from 0; fisher_vectors have "
                "values below 0"
            )
        if self.classifier.name == "nearest_neighbors" and self.class_weights != "none":
            raise ValueError("class_weights are not used by nearest_neighbors, which count votes")
        # Two trials of a classical model are the same whatever a network's training would be
        # like; pydantic lets a validator complete an object that nobody else has seen yet.
        plain = Settings()
        reset = {name: getattr(plain, name) for name in NETWORK_ONLY}
        self.__dict__.update(reset, head=self._pooling_alone())
        return self

    def _pooling_alone(self) -> Head:
        """What a classical model knows of the head; an encoding stands in for pooling, too."""
        return Head() if self.encoding is not None else Head(pooling=self.head.pooling)

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
    def trainable_stages(self) -> int | None:
        """N of head+N; None where all of the backbone learns; 0 where none of it does."""
        if self.trainable == "head":
            return 0
        return int(self.trainable[5:]) if self.trainable.startswith("head+") else None

    def digest(self, without: frozenset[str] = frozenset()) -> str:
        """Ten hexadecimal digits that name these settings.

        Only what differs from the defaults counts, so that a setting added in a later version
        leaves the names of old trials, and with them their results, alone.
        """
        values = self.model_dump(exclude_defaults=True, exclude=set(without))
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:10]

    def flat(self) -> dict[str, Any]:
        """Settings as one level of dotted names: `optimizer.learning_rate` and so on."""
        return flatten(self.model_dump())


def flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one level of dotted names; an empty one is a value."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        # `early_stopping: {}` says something: with its defaults.
        if isinstance(value, dict) and value:
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat
