"""The settings of the layers on top of the backbone."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from scenery.registry.options import (
    ACTIVATIONS,
    LEAKY_SLOPE,
    AppliesIf,
    Bool,
    Fraction,
    Initializer,
    Int,
    Number,
    Slope,
    Strict,
)

# Of a network that is trained whole, the features change while it learns.
WITH_FEATURES = AppliesIf(
    "with trainable: head or a first_step",
    lambda s: s.frozen_backbone or s.first_step is not None,
)

ActivationName = Literal[ACTIVATIONS]  # type: ignore[valid-type]
Several = Field(max_length=1000)


class Head(Strict):
    """The layers on the backbone: pooling, scaling, dense layers, batch norm, dropout, softmax.

    With `aggregation` nothing is pooled. The dense layers and the softmax are applied at every
    position of the feature map, and their probabilities are aggregated.
    """

    renamed_keys: ClassVar[dict[str, str]] = {"merge": "aggregation", "learn_from": "supervise"}

    class_mode: Literal["categorical", "binary"] = Field(
        "categorical",
        description="categorical: softmax over the classes. binary: one sigmoid output, for two "
        "classes; it is the probability of the second one.",
    )
    pooling: Literal["average", "max", "flatten", "std", "moments", "class_token", "both"] = Field(
        "average",
        description="How the backbone's last feature map becomes one vector. std: the standard "
        "deviation of each channel; moments: its mean, standard deviation, skewness and kurtosis. "
        "Of vision transformers, class_token: the class token instead of the map of the patches; "
        "both: the average of the patches, then the class token.",
    )
    standardize: Annotated[Bool, WITH_FEATURES] = Field(
        True,
        description="Each feature gets mean 0 and variance 1 on the training images, by a layer of "
        "the model that does not learn.",
    )
    solver: Literal["lbfgs", "epochs"] | None = Field(
        None,
        description="How the head is trained. epochs: by gradient steps. lbfgs: a linear head, "
        "fitted exactly, with an L2 penalty of which folds choose the strength. Unset: lbfgs with "
        "trainable: head, unless the config says something about training in epochs: an optimizer, "
        "epochs, dense layers, dropout, augmentation, ...",
    )
    dense: tuple[Annotated[Int, Field(ge=1, le=65536)], ...] = Field(
        (), description="Widths of the dense layers between pooling and softmax."
    )
    activation: Annotated[
        ActivationName | Annotated[tuple[ActivationName, ...], Several],
        AppliesIf("with dense layers in head.dense", lambda s: bool(s.head.dense)),
    ] = Field("relu", description="Activation of the dense layers, or a list with one for each.")
    negative_slope: Annotated[
        Slope,
        AppliesIf(
            "with leaky_relu in head.activation",
            lambda s: bool(s.head.dense) and "leaky_relu" in s.head.activation,
        ),
    ] = Field(LEAKY_SLOPE, description="Slope of leaky_relu below 0.")
    kernel_initializer: Initializer | Annotated[tuple[Initializer, ...], Several] | None = Field(
        None,
        description="How the weights of the dense layers and of the last layer are drawn, or a "
        "list with one for each. Unset: glorot_uniform; zeros for the last layer of a linear head "
        "on standardized features.",
    )
    batch_norm: Bool = Field(False, description="Batch norm after each dense layer (or once).")
    dropout: Fraction | Annotated[tuple[Fraction, ...], Several] = Field(
        0.0,
        description="Dropout rate before each dense layer and the last one, or a list with one for "
        "each of them.",
    )
    l1: Annotated[Number, Field(ge=0)] = Field(0.0, description="L1 penalty on the head's kernels.")
    l2: Annotated[Number, Field(ge=0)] = Field(
        0.0, description="L2 penalty on the head's kernels; with l1 too it is the elastic net."
    )
    aggregation: Literal["none", "mean", "product", "vote"] = Field(
        "none",
        description="Instead of pooling features: the head predicts at every position, and the "
        "predictions are aggregated by mean, product (normalized geometric mean) or vote.",
    )
    supervise: Literal["image", "positions"] = Field(
        "image",
        description="With aggregation: the loss is that of the aggregated prediction (end to end) "
        "or of the predictions at all positions, each with the image's label.",
    )

    @property
    def not_linear(self) -> str | None:
        """The setting by which it is no softmax of a linear function; None: it is one."""
        for name in ("dense", "batch_norm"):
            if getattr(self, name):
                return f"head.{name}"
        if self.aggregation != "none":
            return "head.aggregation"
        return "head.class_mode: binary" if self.class_mode == "binary" else None

    @model_validator(mode="after")
    def _lists(self) -> "Head":
        widths = len(self.dense)
        for name, count, layers in (
            ("activation", widths, "dense layers"),
            ("kernel_initializer", widths + 1, "dense layers and the last one"),
            ("dropout", widths + 1, "dense layers and the last one"),
        ):
            value = getattr(self, name)
            if isinstance(value, tuple) and len(value) != count:
                raise ValueError(
                    f"{name}: a list has one value for each of the {count} {layers}; found "
                    f"{len(value)}"
                )
        return self

    @model_validator(mode="after")
    def _merging(self) -> "Head":
        if self.aggregation != "none" and self.class_mode == "binary":
            raise ValueError("class_mode: binary has no aggregation")
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
