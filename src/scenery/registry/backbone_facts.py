"""Facts of the backbones, without importing TensorFlow.

The facts of published networks are in `backbone_facts.json`, which
`python -m scenery.models.write_backbone_facts` writes from the networks themselves; those of
custom architectures follow from their options, and those of vision transformers from the
`config.json` of their presets.
"""

import functools
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from scenery.errors import UserError
from scenery.image_size import ImageSize, size_name
from scenery.messages import short_repr, suggestions
from scenery.registry import architecture_outlines
from scenery.registry.backbones import BACKBONES
from scenery.registry.custom_architectures import (
    ARCHITECTURES,
    HANDCRAFTED,
    NATIVE_SIZES,
    Network,
)
from scenery.registry.presets import PRESET_BACKBONES, read_preset
from scenery.registry.transformer_facts import END, block_name, transformer_facts

# Names of networks that are not available, with the reason.
NOT_THERE = {
    "resnext": "ResNeXt is out: Keras does not ship it; its nearest relatives here are ResNet50, "
    "ResNet101 and ResNet152",
}


@dataclass(frozen=True)
class CutPoint:
    """The end of a stage: layer, smaller side in cells and channels of its output.

    `size` is that at the backbone's native size, or of a custom architecture at the size
    asked for. `parameters` are those of the network up to and with the layer; None for Scenery's
    own networks.
    """

    layer: str
    size: int
    channels: int
    parameters: int | None = None


@dataclass(frozen=True)
class BackboneFacts:
    """What is known of one backbone.

    Attributes:
        name: as written in a config.
        size: native side of the input in pixels.
        smallest_size: smallest side that it can be built for.
        parameters: with the top for 1,000 classes; None for custom architectures.
        imagenet: whether Keras or an installed package has its ImageNet weights.
        multiply_adds: of one image of the native size, without the top; None for custom
            architectures.
        depth: convolutions and dense layers on the longest path, without the top; None for custom
            architectures.
        cut_points: the ends of its stages, from the bottom up; the last is the network's end
            without its top.
        below: for each layer at which it may be ended, in the network's order, the layer at
            which it ends when one stage more is removed; None where a single stage is left.
        dense_layers: dense layers of the top at which it may be ended, too, at the native size.
    """

    name: str
    size: int
    smallest_size: int
    parameters: int | None
    imagenet: bool
    multiply_adds: int | None
    depth: int | None
    cut_points: tuple[CutPoint, ...]
    below: dict[str, str | None]
    dense_layers: tuple[CutPoint, ...] = ()

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers at which the backbone may be ended, in the network's order."""
        return tuple(self.below)


@functools.cache
def _table() -> dict[str, dict[str, Any]]:
    file = resources.files("scenery.registry") / "backbone_facts.json"
    return dict(json.loads(file.read_text(encoding="utf-8")))


def published_names() -> tuple[str, ...]:
    """The names of the published networks."""
    return tuple(_table())


def own_names() -> tuple[str, ...]:
    """The names of the networks that Scenery builds itself, from options."""
    return tuple(name for name in ARCHITECTURES if name not in HANDCRAFTED)


def names() -> tuple[str, ...]:
    """The names of all backbones whose layers are known without a preset."""
    return published_names() + own_names() + HANDCRAFTED


def every_name() -> tuple[str, ...]:
    """The names of all backbones, also of those that presets describe."""
    return (*names(), *PRESET_BACKBONES)


def unknown_backbone_message(name: str) -> str:
    """The message on a backbone that is not there: why, or what is nearest."""
    for known, why in NOT_THERE.items():
        if name.lower().startswith(known):
            return f"backbone: {why}"
    return f"backbone: {short_repr(name)} is not known; {suggestions(name, every_name())}"


@functools.cache
def facts(
    name: str, network: Network | None = None, image_size: ImageSize | None = None
) -> BackboneFacts:
    """The facts of one backbone.

    Args:
        name: the backbone.
        network: options of a custom architecture, or the width of a published network; None: the
            defaults.
        image_size: size in pixels of the images, on which the layers of custom architectures
            depend; None: the native one.

    Raises:
        UserError: unknown backbone, with the nearest names; options that do not fit each other
            or the size.
    """
    if name in ARCHITECTURES:
        return _own_facts(name, network or Network(), image_size or NATIVE_SIZES[name])
    if name in PRESET_BACKBONES:
        return _transformer_facts(name, None if network is None else network.preset)
    if name not in _table():
        raise UserError(unknown_backbone_message(name))
    values = dict(_table()[name])
    widths = values.pop("alphas", {})
    if network is not None and network.width != 1:
        values |= widths[f"{network.width:g}"]
    points = tuple(CutPoint(*point) for point in values.pop("cut_points"))
    dense = tuple(CutPoint(*point) for point in values.pop("dense_layers", ()))
    return BackboneFacts(name=name, cut_points=points, dense_layers=dense, **values)


def _own_facts(name: str, network: Network, image_size: ImageSize) -> BackboneFacts:
    steps = architecture_outlines.architecture_outline(name, network, image_size)
    return BackboneFacts(
        name=name,
        size=NATIVE_SIZES[name],
        smallest_size=architecture_outlines.smallest_size(name, network),
        parameters=None,
        imagenet=False,
        multiply_adds=None,
        depth=None,
        cut_points=tuple(
            CutPoint(point.layer, point.size, point.channels)
            for point in architecture_outlines.cut_points(steps)
        ),
        below=architecture_outlines.below(steps),
    )


def _transformer_facts(name: str, preset: str | None) -> BackboneFacts:
    if preset is None:
        raise UserError(
            f"weights: {name} is built from a preset of KerasHub: give preset:NAME_OR_FOLDER, or "
            "network.preset beside none or experiment:NAME"
        )
    found = read_preset(preset).network
    if found.backbone != name:
        raise UserError(
            f"backbone: the preset {preset} is of {found.backbone}; found backbone: {name}"
        )
    known = transformer_facts(found)
    blocks = [block_name(number) for number in range(1, len(known.blocks) + 1)]
    ends = [*blocks[:-1], END]
    below = dict(zip(blocks, [None, *blocks[:-1]], strict=True))
    return BackboneFacts(
        name=name,
        size=found.image_size,
        smallest_size=known.smallest_size,
        parameters=known.blocks[-1].parameters,
        imagenet=False,
        multiply_adds=known.multiply_adds,
        depth=known.depth,
        cut_points=tuple(
            CutPoint(end, block.side, block.channels, block.parameters)
            for end, block in zip(ends, known.blocks, strict=True)
        ),
        below=below | {END: below[blocks[-1]]},
    )


def resolve_cut(known: BackboneFacts, cut: str | None, remove_stages: int) -> str:
    """The layer at which a backbone ends: at `cut`, less `remove_stages` stages from there.

    Args:
        known: facts of the backbone.
        cut: a layer's name; None for the whole network without its top.
        remove_stages: stages taken off the top of what `cut` leaves.

    Raises:
        UserError: unknown layer, or fewer stages than are to be removed.
    """
    name = known.name
    end = known.cut_points[-1].layer if cut is None else cut
    if end not in known.below:
        points = ", ".join(point.layer for point in known.cut_points)
        raise UserError(
            f"cut: {name} has no layer {short_repr(cut)} at which it could be ended; "
            f"{suggestions(end, known.layers)} (its stages end at {points})"
        )
    layers = _chain(known, end)
    if not 0 <= remove_stages < len(layers):
        raise UserError(
            f"remove_stages: {name} up to {end} has {len(layers)} "
            f"stage{'s' if len(layers) > 1 else ''}, so at most {len(layers) - 1} can be removed; "
            f"found {remove_stages}"
        )
    return layers[remove_stages]


def in_dense_layers(name: str, layer: str) -> bool:
    """Whether a backbone that ends at `layer` has dense layers of its top."""
    record = BACKBONES.get(name)
    return record is not None and layer in dict(record.dense_layers)


def check_dense_size(name: str, layer: str, image_size: ImageSize) -> None:
    """Refuse a size for which a backbone that ends at `layer` cannot be built.

    Raises:
        UserError: It has dense layers, which were made for the native size.
    """
    if in_dense_layers(name, layer) and image_size != BACKBONES[name].native_size:
        raise UserError(
            f"image_size: {name} up to {layer} needs {BACKBONES[name].native_size} pixels, for "
            f"which its dense layers were made; found {size_name(image_size)}"
        )


def stage_count(known: BackboneFacts, layer: str) -> int:
    """How many stages a backbone ended at `layer` has; UserError for an unknown layer."""
    return len(_chain(known, resolve_cut(known, layer, 0)))


def _chain(known: BackboneFacts, end: str) -> list[str]:
    """The layer `end` and those at which the network ends as stage after stage is removed."""
    layers = [end]
    while (below := known.below[layers[-1]]) is not None:
        layers.append(below)
    return layers
