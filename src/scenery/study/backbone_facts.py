"""What the study needs to know of the backbones without importing TensorFlow.

The facts are in `backbone_facts.json`, which `python -m scenery.learning.backbone_facts` writes
from the networks themselves.
"""

import difflib
import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from scenery.errors import UserError

MOST_NAMES = 12


@dataclass(frozen=True)
class CutPoint:
    """The end of a stage: layer, height (= width) and channels of its output at the backbone's
    native size, and parameters of the network up to and with it."""

    layer: str
    size: int
    channels: int
    parameters: int


@dataclass(frozen=True)
class BackboneFacts:
    """What is known of one backbone.

    Attributes:
        name: as written in a config.
        size: native side of the input in pixels.
        smallest_size: smallest side that it can be built for.
        parameters: with the top for 1,000 classes.
        imagenet: whether Keras has its ImageNet weights.
        cut_points: the ends of its stages, from the bottom up; the last is the network's end.
        below: for each layer at which it may be ended, in the network's order, the layer at
            which it ends when one stage more is removed; None where a single stage is left.
    """

    name: str
    size: int
    smallest_size: int
    parameters: int
    imagenet: bool
    cut_points: tuple[CutPoint, ...]
    below: dict[str, str | None]

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers at which the backbone may be ended, in the network's order."""
        return tuple(self.below)


@functools.cache
def _table() -> dict[str, dict[str, Any]]:
    file = resources.files("scenery.study") / "backbone_facts.json"
    return dict(json.loads(file.read_text(encoding="utf-8")))


def names() -> tuple[str, ...]:
    """The names of all backbones."""
    return tuple(_table())


def nearest_names(found: str, known: Iterable[str]) -> str:
    """The end of a message on an unknown name: the nearest known ones, or the first of all."""
    known = list(known)
    # By lower case, since `mobilenet` for `MobileNet` is the likeliest mistake.
    lower = {name.lower(): name for name in reversed(known)}
    close = difflib.get_close_matches(found.lower(), lower, n=3)
    if close:
        return f"did you mean {' or '.join(lower[name] for name in close)}?"
    more = ", ..." if len(known) > MOST_NAMES else ""
    return f"known are {', '.join(known[:MOST_NAMES])}{more}"


@functools.cache
def facts(name: str) -> BackboneFacts:
    """The facts of one backbone; UserError with the nearest names for an unknown one."""
    if name not in _table():
        raise UserError(f"backbone: {name!r} is not known; {nearest_names(name, names())}")
    values = dict(_table()[name])
    points = tuple(CutPoint(*point) for point in values.pop("cut_points"))
    return BackboneFacts(name=name, cut_points=points, **values)


def smallest_size(name: str) -> int:
    """Smallest side in pixels of the images that a backbone can be built for."""
    return facts(name).smallest_size


def resolve_cut(name: str, cut: str | None, remove_stages: int) -> str:
    """The layer at which a backbone ends: at `cut`, less `remove_stages` stages from there.

    Args:
        name: the backbone.
        cut: a layer's name; None for the whole network.
        remove_stages: stages taken off the top of what `cut` leaves.

    Raises:
        UserError: unknown backbone or layer, or fewer stages than are to be removed.
    """
    known = facts(name)
    end = known.layers[-1] if cut is None else cut
    if end not in known.below:
        points = ", ".join(point.layer for point in known.cut_points)
        close = difflib.get_close_matches(end.lower(), known.layers, n=3)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise UserError(
            f"cut: {name} has no layer {cut!r} at which it could be ended; {hint}"
            f"(its stages end at {points})"
        )
    layers = _chain(known, end)
    if not 0 <= remove_stages < len(layers):
        raise UserError(
            f"remove_stages: {name} up to {end} has {len(layers)} "
            f"stage{'s' if len(layers) > 1 else ''}, so at most {len(layers) - 1} can be removed; "
            f"found {remove_stages}"
        )
    return layers[remove_stages]


def stage_count(name: str, layer: str) -> int:
    """How many stages a backbone ended at `layer` has; UserError for an unknown layer."""
    return len(_chain(facts(name), resolve_cut(name, layer, 0)))


def _chain(known: BackboneFacts, end: str) -> list[str]:
    """The layer `end` and those at which the network ends as stage after stage is removed."""
    layers = [end]
    while (below := known.below[layers[-1]]) is not None:
        layers.append(below)
    return layers
