"""The random changes of training images: bounds of each, and the Keras layer that does it.

To add one, write a record in `AUGMENTATIONS`; a default of 0 or false is off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, create_model

from scenery.registry.options import AppliesIf, Bool, Fraction, Int, Number, Strict


def _flip(mode: str) -> Callable[[Any, Mapping[str, Any]], Any]:
    def build(value: bool, options: Mapping[str, Any]) -> Any:
        import keras

        return keras.layers.RandomFlip(mode, **options)

    return build


def _brightness(value: Any, options: Mapping[str, Any]) -> Any:
    import keras

    return keras.layers.RandomBrightness(value, value_range=(0, 255), **options)


def _hue(value: float, options: Mapping[str, Any]) -> Any:
    import keras

    return keras.layers.RandomHue(value, value_range=(0, 255), **options)


def _erasing(value: float, options: Mapping[str, Any]) -> Any:
    import keras

    # One number would be the largest of shares that Keras samples.
    return keras.layers.RandomErasing((value, value), value_range=(0, 255), **options)


@dataclass(frozen=True)
class Augmentation:
    """One random change.

    Attributes:
        name: Its key in a config.
        kind: Type and bounds of its value, which is its strength or whether it is on.
        description: Meaning of the value.
        build: Makes the Keras layer, from the value and further arguments (name, dtype, seed);
            None for a movement, since all movements are one layer, and for an own layer.
        own: Whether `scenery.training.augmentation` has a layer for it.
    """

    name: str
    kind: Any
    description: str
    build: Callable[[Any, Mapping[str, Any]], Any] | None = None
    own: bool = False

    @property
    def off(self) -> bool | float:
        """The value with which it does nothing."""
        return False if self.kind is Bool else 0.0


def _in_order(value: tuple[float, float]) -> tuple[float, float]:
    if value[0] > value[1]:
        raise ValueError(f"the first number must not be above the second; found {list(value)}")
    return value


def _or_range(single: Any, low: float, high: float) -> Any:
    """One number, or a list of the lowest and the highest."""
    number = Annotated[Number, Field(ge=low, le=high)]
    return single | Annotated[tuple[number, number], AfterValidator(_in_order)]


Degrees = _or_range(Annotated[Number, Field(ge=0, le=180)], -180, 180)
Share = _or_range(Fraction, -1, 1)
Factor = _or_range(Fraction, 0.01, 100)

# In the order in which they are applied.
AUGMENTATIONS = (
    # Two layers, since one that flips both ways flips both axes or none.
    Augmentation(
        "horizontal_flip", Bool, "Mirror half of the images left to right.", _flip("horizontal")
    ),
    Augmentation(
        "vertical_flip", Bool, "Mirror half of the images top to bottom.", _flip("vertical")
    ),
    Augmentation("rotation", Degrees, "Largest rotation to either side, in degrees, or a range."),
    Augmentation(
        "width_shift", Share, "Largest sideways shift, fraction of the width, or a range."
    ),
    Augmentation(
        "height_shift", Share, "Largest up or down shift, fraction of the height, or a range."
    ),
    Augmentation("shear", Share, "Largest horizontal shear, fraction of the width, or a range."),
    Augmentation(
        "zoom",
        Factor,
        "Largest zoom in or out, fraction of the size, or a range of factors, of which those "
        "below 1 zoom in.",
    ),
    Augmentation("zoom_width", Factor, "As zoom, of the width alone."),
    Augmentation("zoom_height", Factor, "As zoom, of the height alone."),
    Augmentation(
        "brightness",
        Share,
        "Largest brightness change, fraction of the full range, or a range.",
        _brightness,
    ),
    Augmentation(
        "contrast",
        _or_range(Fraction, 0, 2),
        "Largest contrast change, or a range of factors; 1 is no change.",
        own=True,
    ),
    Augmentation(
        "saturation",
        _or_range(Fraction, 0, 2),
        "Largest change of saturation, or a range of factors; 0 is gray, 1 is no change.",
        own=True,
    ),
    Augmentation("hue", Fraction, "Largest change of hue; 1 is half of the circle.", _hue),
    Augmentation(
        "channel_shift",
        Fraction,
        "Largest change of each color channel alone, fraction of the full range.",
        own=True,
    ),
    Augmentation(
        "equalize",
        Annotated[Number, Field(ge=0, le=1)],
        "Share of the images whose histograms are equalized.",
        own=True,
    ),
    Augmentation(
        "rand_augment",
        Annotated[Number, Field(ge=0, le=1)],
        "RandAugment: strength of the random operations on each image, as a fraction of the "
        "largest one.",
        own=True,
    ),
    Augmentation(
        "random_erasing",
        Annotated[Number, Field(ge=0, le=1)],
        "Share of the images of which a box, 2 to 33 % of the image, is replaced by noise.",
        _erasing,
    ),
)
MOVEMENTS = tuple(
    record.name for record in AUGMENTATIONS if record.build is None and not record.own
)

MOVED = AppliesIf(
    f"with {', '.join(MOVEMENTS[:-1])} or {MOVEMENTS[-1]} in augment",
    lambda settings: settings.augment.moves,
)

RAND_AUGMENTED = AppliesIf(
    "with a rand_augment above 0 in augment", lambda settings: settings.augment.rand_augment > 0
)


def _operations() -> Any:
    fields: dict[str, Any] = {
        record.name: (record.kind, Field(record.off, description=record.description))
        for record in AUGMENTATIONS
    }
    return create_model("Operations", __base__=Strict, **fields)


class Augment(_operations()):  # type: ignore[misc]
    """Random changes of the training images."""

    renamed_keys: ClassVar[dict[str, str]] = {"fill": "fill_mode"}

    fill_mode: Annotated[Literal["nearest", "constant", "reflect", "wrap"], MOVED] = Field(
        "nearest", description="How gaps at the border of a moved image are filled."
    )
    rand_augment_operations: Annotated[Annotated[Int, Field(ge=1, le=14)], RAND_AUGMENTED] = Field(
        2, description="Operations of RandAugment on each image."
    )

    @cached_property
    def active(self) -> bool:
        """Whether any operation is on."""
        return any(getattr(self, record.name) for record in AUGMENTATIONS)

    @property
    def moves(self) -> bool:
        """Whether any movement is on."""
        return any(getattr(self, name) for name in MOVEMENTS)


# Keys of the group that change nothing alone, but how an operation works.
AUGMENT_OPTIONS = tuple(
    name for name in Augment.model_fields if name not in {one.name for one in AUGMENTATIONS}
)
