"""The networks that Scenery builds itself: their options, defaults and what these demand.

They are named like the published backbones and stand where those may stand; what is put on their
feature map, dense layers included, is the head's business. `scenery.learning` builds them.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from scenery.registry.options import ACTIVATIONS, Bool, Fraction, Int, Strict

INITIALIZERS = (
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "orthogonal",
    "random_normal",
    "random_uniform",
)

Scales = tuple[Annotated[Int, Field(ge=8, le=1024)], ...]
Widths = tuple[Annotated[Int, Field(ge=1, le=65536)], ...]


class Network(Strict):
    """Options of the networks that Scenery builds itself; each knows some of them."""

    renamed_keys: ClassVar[dict[str, str]] = {"initialiser": "kernel_initializer"}

    widths: Annotated[Widths, Field(min_length=1, max_length=64)] | None = Field(
        None, description="MLP, PatchMLP: widths of the dense layers (512, 256 if unset)."
    )
    patch_size: Annotated[Int, Field(ge=1, le=1024)] | None = Field(
        None, description="PatchMLP: side of the square patches in pixels (16)."
    )
    stride: Annotated[Int, Field(ge=1, le=1024)] | None = Field(
        None, description="PatchMLP: pixels from one patch to the next (16)."
    )
    step: Annotated[Int, Field(ge=1, le=1024)] | None = Field(
        None, description="DenseSIFT: pixels between the points of the grid (8)."
    )
    scales: Annotated[Scales, Field(min_length=1, max_length=16)] | None = Field(
        None,
        description="DenseSIFT: sides in pixels of the squares that are described around each "
        "point (16, 24, 32, 48).",
    )
    depth: Annotated[Int, Field(ge=2, le=1000)] | None = Field(
        None,
        description="ConvNet: layers with weights, the classifier's softmax layer included (8).",
    )
    stages: Annotated[Int, Field(ge=1, le=10)] | None = Field(
        None,
        description="ConvNet, InceptionNet, DenseBlockNet: runs of layers at one spatial size, "
        "which is halved from each to the next (3).",
    )
    channels: Annotated[Int, Field(ge=1, le=2048)] | None = Field(
        None,
        description="ConvNet: channels of the first stage, doubled in each next one (32); "
        "InceptionNet: likewise, of an inception block (64, a multiple of 16).",
    )
    kernel_size: Annotated[Int, Field(ge=1, le=15)] | None = Field(
        None, description="ConvNet: side of the kernels, an odd number (3)."
    )
    convolution: Literal["plain", "separable"] | None = Field(
        None,
        description="ConvNet: plain, or depthwise separable (all but the first layer) (plain).",
    )
    dilation: Annotated[Int, Field(ge=1, le=32)] | None = Field(
        None, description="ConvNet: distance between the cells that a kernel reads (1)."
    )
    downsampling: Literal["pooling", "strides"] | None = Field(
        None,
        description="ConvNet: how the size is halved: max pooling, or stride 2 in the first "
        "layer of a stage (pooling).",
    )
    residual: Bool | None = Field(
        None, description="ConvNet: a shortcut around every two layers of a stage (false)."
    )
    blocks: Annotated[Int, Field(ge=1, le=64)] | None = Field(
        None, description="InceptionNet: inception blocks in each stage (2)."
    )
    layers: Annotated[Int, Field(ge=1, le=128)] | None = Field(
        None, description="DenseBlockNet: layers in each dense block (4)."
    )
    growth: Annotated[Int, Field(ge=1, le=512)] | None = Field(
        None, description="DenseBlockNet: channels that each layer adds (12)."
    )
    activation: Literal[(*ACTIVATIONS, "maxout")] | None = Field(  # type: ignore[valid-type]
        None,
        description="All networks: activation of the layers (LeNet5: tanh, others: relu); maxout "
        "takes the larger of two channels, of which there are then twice as many.",
    )
    kernel_initializer: Literal[INITIALIZERS] | None = Field(  # type: ignore[valid-type]
        None,
        description="All networks: how weights are drawn (LeNet5: glorot_uniform, others: "
        "he_normal).",
    )
    batch_norm: Bool | None = Field(
        None,
        description="All networks: batch norm in each layer (DenseBlockNet: true, others: false).",
    )
    dropout: Fraction | None = Field(
        None,
        description="Dropout rate after each dense layer (MLP, PatchMLP) or stage (ConvNet, "
        "InceptionNet, DenseBlockNet) (0).",
    )

    @model_validator(mode="after")
    def _consistent(self) -> "Network":
        if self.kernel_size is not None and self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size: an odd number is needed; found {self.kernel_size}")
        if self.residual and self.activation == "maxout":
            raise ValueError("activation: maxout halves the channels, which residual must keep")
        if self.scales is not None and len(set(self.scales)) < len(self.scales):
            raise ValueError(f"scales: {list(self.scales)} has a scale twice")
        if (self.dilation or 1) > 1 and self.downsampling == "strides":
            raise ValueError("dilation: a layer has either a stride or a dilation; use pooling")
        return self


_RELU = {"activation": "relu", "kernel_initializer": "he_normal", "batch_norm": False}

# What an option is where it is left unset; a network knows these options and no others.
DEFAULTS: dict[str, dict[str, Any]] = {
    "MLP": {"widths": (512, 256), **_RELU, "dropout": 0.0},
    "PatchMLP": {
        "widths": (512, 256),
        "patch_size": 16,
        "stride": 16,
        **_RELU,
        "dropout": 0.0,
    },
    "LeNet5": {"activation": "tanh", "kernel_initializer": "glorot_uniform", "batch_norm": False},
    "AlexNet": {**_RELU},
    "ConvNet": {
        "depth": 8,
        "stages": 3,
        "channels": 32,
        "kernel_size": 3,
        "convolution": "plain",
        "dilation": 1,
        "downsampling": "pooling",
        "residual": False,
        **_RELU,
        "dropout": 0.0,
    },
    "InceptionNet": {"stages": 3, "channels": 64, "blocks": 2, **_RELU, "dropout": 0.0},
    "DenseBlockNet": {
        "stages": 3,
        "layers": 4,
        "growth": 12,
        **_RELU,
        "batch_norm": True,
        "dropout": 0.0,
    },
    "DenseSIFT": {"step": 8, "scales": (16, 24, 32, 48)},
}

# What stands among the networks but has nothing to learn: descriptors made by hand.
HANDCRAFTED = ("DenseSIFT",)

# Side in pixels of the images that each was made for, or is commonly taken for.
NATIVE_SIZES = {
    "MLP": 32,
    "PatchMLP": 64,
    "LeNet5": 32,
    "AlexNet": 227,
    "ConvNet": 64,
    "InceptionNet": 64,
    "DenseBlockNet": 32,
    "DenseSIFT": 256,
}

NETWORK_OPTIONS: dict[str, tuple[str, ...]] = {
    option: tuple(name for name, known in DEFAULTS.items() if option in known)
    for option in Network.model_fields
}


def options(name: str, network: Network) -> dict[str, Any]:
    """Every option that a network knows, with its value: as set, or the network's own."""
    given = network.model_dump(exclude_none=True)
    return DEFAULTS[name] | given


def mistake(name: str, network: Network) -> str | None:
    """What is wrong with options that are right one by one, as a message; None if nothing is."""
    known = options(name, network)
    if name == "ConvNet" and known["depth"] - 1 < known["stages"]:
        return (
            f"network.depth: {known['depth']} layers with weights, of which one is the "
            f"classifier's, are too few for {known['stages']} stages; at least "
            f"{known['stages'] + 1} are needed"
        )
    if name == "DenseBlockNet" and known["activation"] == "maxout":
        return "network.activation: maxout halves the channels, which DenseBlockNet must keep"
    if name == "InceptionNet" and known["channels"] % 16:
        return f"network.channels: {name} needs a multiple of 16; found {known['channels']}"
    return None
