"""The custom architectures by name, and the config's group of their options.

They are named like the published backbones and used in their place. What is put on their feature
map, dense layers included, belongs to the head. Each is a module of
`scenery.registry.architectures`, found here by its place.
"""

import functools
import importlib
import pkgutil
from typing import Annotated, Any, ClassVar

from pydantic import Field, create_model

from scenery.errors import UserError
from scenery.registry import architectures
from scenery.registry.architectures.base import Architecture, GlobalDescriptor
from scenery.registry.backbones import BACKBONES, WITH_ALPHA
from scenery.registry.options import Number, Strict, complete, option_fields, users_of
from scenery.registry.presets import PRESET_BACKBONES


def _found() -> dict[str, type[Architecture]]:
    """The architectures of all modules, by name."""
    found: dict[str, type[Architecture]] = {}
    for module in pkgutil.iter_modules(architectures.__path__, f"{architectures.__name__}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            own = getattr(value, "__module__", "") == module.name
            if own and isinstance(value, type) and hasattr(value, "native_size"):
                found[name] = value
    return found


ARCHITECTURES = _found()
NATIVE_SIZES = {name: record.native_size for name, record in ARCHITECTURES.items()}
# Those without anything to learn.
HANDCRAFTED = tuple(name for name, record in ARCHITECTURES.items() if record.handcrafted)
# Of these, those that describe the whole image by one vector.
GLOBAL = tuple(n for n, record in ARCHITECTURES.items() if issubclass(record, GlobalDescriptor))
NETWORK_OPTIONS = {
    **users_of(ARCHITECTURES),
    "alpha": WITH_ALPHA,
    "preset": tuple(PRESET_BACKBONES),
}

_Options: Any = create_model("Options", __base__=Strict, **option_fields(ARCHITECTURES))


class Network(_Options):
    """Options of networks: of the custom architectures, and width or preset of published ones."""

    renamed_keys: ClassVar[dict[str, str]] = {"initialiser": "kernel_initializer"}

    alpha: Annotated[Number, Field(gt=0, le=10)] | None = Field(
        None,
        description=f"{', '.join(WITH_ALPHA)}: width, as a factor of the channels; the published "
        "ones are allowed (1 if unset).",
    )

    preset: Annotated[str, Field(min_length=1, max_length=4096)] | None = Field(
        None,
        description=f"{', '.join(PRESET_BACKBONES)}: the preset that describes the network, a "
        "published name or a folder (that of weights: preset:NAME_OR_FOLDER if unset).",
    )

    @property
    def width(self) -> float:
        """The factor of the channels of a published network."""
        return 1.0 if self.alpha is None else self.alpha


def alpha_problem(name: str, network: Network) -> str | None:
    """What is wrong with the width of a published network; None if nothing is."""
    record = BACKBONES.get(name)
    if record is None or network.alpha is None or network.alpha in record.alphas:
        return None
    allowed = ", ".join(f"{alpha:g}" for alpha in record.alphas)
    return f"network.alpha: {name} is published with {allowed}; found {network.alpha:g}"


def architecture(name: str, network: Network) -> Architecture:
    """The architecture with its options; those that are unset have their defaults.

    Raises:
        UserError: The options do not fit each other.
    """
    made: Architecture = complete(network, ARCHITECTURES[name])
    if (problem := made.problem()) is not None:
        raise UserError(problem)
    try:
        made.layer_list()
    except ValueError as error:
        raise UserError(str(error)) from None
    return made


def auxiliary_layers(name: str, network: Network) -> tuple[str, ...]:
    """Layers of a backbone that have an output of their own in training from scratch."""
    return architecture(name, network).auxiliary_layers if name in ARCHITECTURES else ()


@functools.lru_cache(maxsize=1024)
def with_defaults(name: str, network: Network) -> Network:
    """The options with the defaults of an architecture; those of other backbones as they are."""
    if name not in ARCHITECTURES:
        return (
            network.model_copy(update={"alpha": network.width}) if name in WITH_ALPHA else network
        )
    values = complete(network, ARCHITECTURES[name]).__dict__
    return network.model_copy(update=values)
