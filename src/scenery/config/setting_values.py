"""Values of single settings that follow rules of their own: weights, trained layers, image size."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from scenery.image_size import ImageSize, image_size_of
from scenery.registry.options import Int, Number
from scenery.registry.presets import PRESET

# Start of a value of `weights` that names the experiment in which they were learned.
WEIGHTS_FROM_EXPERIMENT = "experiment:"

# Start of a value of `trainable` that names the lowest layer that is trained.
FROM_LAYER = "from:"

MIN_SIDE, MAX_SIDE = 16, 2048


def _trainable(value: str) -> str:
    if not re.fullmatch(rf"head|all|scratch|lora|head\+[1-9][0-9]*|{FROM_LAYER}[^\s:]+", value):
        raise ValueError(
            "allowed are head, head+N (the N top stages, such as head+1), from:LAYER (this layer "
            "and all after it), all, lora and scratch"
        )
    return value


def _weights(value: str) -> str:
    if (
        value.startswith(WEIGHTS_FROM_EXPERIMENT)
        and not value.removeprefix(WEIGHTS_FROM_EXPERIMENT).strip()
    ):
        raise ValueError("experiment: is followed by the name of an experiment")
    if value.startswith(PRESET) and not value.removeprefix(PRESET).strip():
        raise ValueError("preset: is followed by the name or the folder of a preset of KerasHub")
    return value


def _two_sides(value: Any) -> Any:
    """One message on a list, instead of one for each of its faults."""
    if not isinstance(value, list | tuple):
        return value
    numbers = [one for one in value if type(one) is int and MIN_SIDE <= one <= MAX_SIDE]
    if len(numbers) != len(value) or len(value) != 2:
        raise ValueError(
            f"a list is [height, width], two whole numbers from {MIN_SIDE} to {MAX_SIDE}"
        )
    return value


def _square_once(value: Literal["native"] | ImageSize) -> Literal["native"] | ImageSize:
    # A square written in two ways is one trial.
    return image_size_of(*value) if isinstance(value, tuple) else value


Trainable = Annotated[str, AfterValidator(_trainable)]
Weights = Annotated[str, AfterValidator(_weights)]
Side = Annotated[Int, Field(ge=MIN_SIDE, le=MAX_SIDE)]
SizeOrNative = Annotated[
    Literal["native"] | Side | tuple[Side, Side],
    BeforeValidator(_two_sides),
    AfterValidator(_square_once),
]
MixingParameter = Annotated[Number, Field(ge=0, le=10)]
