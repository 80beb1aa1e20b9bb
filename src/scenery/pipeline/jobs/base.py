"""What all jobs have in common, and what several of them hold."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainSerializer,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from scenery.config.settings import Settings

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos", "hamming", "box"]


class Job(BaseModel):
    """Base of all jobs."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

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
