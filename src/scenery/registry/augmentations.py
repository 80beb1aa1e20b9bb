"""The random changes of training images: bounds of each, and the Keras layer that does it.

To add one, write a record in `AUGMENTATIONS`; a default of 0 or false is off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, create_model

from scenery.registry.options import AppliesIf, Bool, Fraction, Number, Strict


def _flip(mode: str) -> Callable[[Any, Mapping[str, Any]], Any]:
    def build(value: bool, options: Mapping[str, Any]) -> Any:
        import keras

        return keras.layers.RandomFlip(mode, **options)

    return build


def _brightness(value: float, options: Mapping[str, Any]) -> Any:
    import keras

    return keras.layers.RandomBrightness(value, value_range=(0, 255), **options)


@dataclass(frozen=True)
class Augmentation:
    """One random change.

    Attributes:
        name: Its key in a config.
        kind: Type and bounds of its value, which is its strength or whether it is on.
        description: Meaning of the value.
        build: Makes the Keras layer, from the value and further arguments (name, dtype, seed);
            None for a movement, since all movements are one layer.
    """

    name: str
    kind: Any
    description: str
    build: Callable[[Any, Mapping[str, Any]], Any] | None = None

    @property
    def off(self) -> bool | float:
        """The value with which it does nothing."""
        return False if self.kind is Bool else 0.0


Degrees = Annotated[Number, Field(ge=0, le=180)]

# In the order in which they are applied.
AUGMENTATIONS = (
    # Two layers, since one that flips both ways flips both axes or none.
    Augmentation(
        "horizontal_flip", Bool, "Mirror half of the images left to right.", _flip("horizontal")
    ),
    Augmentation(
        "vertical_flip", Bool, "Mirror half of the images top to bottom.", _flip("vertical")
    ),
    Augmentation("rotation", Degrees, "Largest rotation to either side, in degrees."),
    Augmentation("width_shift", Fraction, "Largest sideways shift, fraction of the width."),
    Augmentation("height_shift", Fraction, "Largest up or down shift, fraction of the height."),
    Augmentation("shear", Fraction, "Largest horizontal shear, fraction of the width."),
    Augmentation("zoom", Fraction, "Largest zoom in or out, fraction of the size."),
    Augmentation(
        "brightness",
        Fraction,
        "Largest brightness change, fraction of the full range.",
        _brightness,
    ),
)
MOVEMENTS = tuple(record.name for record in AUGMENTATIONS if record.build is None)

MOVED = AppliesIf(
    f"with {', '.join(MOVEMENTS[:-1])} or {MOVEMENTS[-1]} in augment",
    lambda settings: settings.augment.moves,
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

    @property
    def active(self) -> bool:
        """Whether any operation is on."""
        return any(getattr(self, record.name) for record in AUGMENTATIONS)

    @property
    def moves(self) -> bool:
        """Whether any movement is on."""
        return any(getattr(self, name) for name in MOVEMENTS)
