"""Types of config values: what may be written for a number, a switch, a group of keys."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

ACTIVATIONS = ("relu", "elu", "gelu", "leaky_relu", "selu", "swish", "tanh", "sigmoid", "linear")


def _no_truth_value(value: Any) -> Any:
    # Python counts true as 1, so `epochs: yes` would otherwise train for one epoch.
    if isinstance(value, bool):
        raise ValueError("a number is needed, not true or false")
    return value


def _only_truth_value(value: Any) -> Any:
    if not isinstance(value, bool):
        raise ValueError("true or false is needed")
    return value


Int = Annotated[int, BeforeValidator(_no_truth_value)]
Number = Annotated[float, BeforeValidator(_no_truth_value), Field(allow_inf_nan=False)]
Bool = Annotated[bool, BeforeValidator(_only_truth_value)]
Fraction = Annotated[Number, Field(ge=0, lt=1)]
Seed = Annotated[Int, Field(ge=0, lt=2**31)]
Epochs = Annotated[Int, Field(ge=1, le=100_000)]
# No optimizer learns at a higher one: it is 1e3 written for 1e-3, found before a night is spent.
Rate = Annotated[Number, Field(gt=0, le=100)]


def only_known_options(
    model: BaseModel, name: str, options: dict[str, tuple[str, ...]], prefix: str = ""
) -> BaseModel:
    """Refuse an option that the chosen optimizer, schedule or network would silently ignore."""
    for option, known_to in options.items():
        if getattr(model, option) is not None and name not in known_to:
            raise ValueError(
                f"{prefix}{option} is not used by {name}, only by {', '.join(known_to)}"
            )
    return model


class Strict(BaseModel):
    """Base of all config models: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False)

    # Keys of version 0.1 by their names of today. They are refused with the new name.
    renamed_keys: ClassVar[dict[str, str]] = {}
