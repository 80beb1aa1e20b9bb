"""Writes the light table of facts about the backbones that the study reads.

Run `python -m scenery.models.write_backbone_facts` after a change of the backbone table; with names
of backbones, it builds these and what the table lacks.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from scenery.models.backbones import BACKBONES, build_backbone, may_end_at
from scenery.models.network_costs import depth, multiply_adds
from scenery.models.truncation import CutPoint, LayerGraph
from scenery.registry import backbone_facts as light
from scenery.registry.custom_architectures import Network

TABLE = Path(light.__file__).with_name("backbone_facts.json")


def facts_of(network: keras.Model) -> dict[str, Any]:
    """A backbone's entry of the table, taken from the whole network at its native size."""
    record = BACKBONES[network.name]
    graph = LayerGraph(network)
    below = _below(graph)
    dense: dict[str, Any] = {}
    if record.dense_layers:
        # They have up to 480 MB of weights, and their shapes are enough.
        with keras.StatelessScope(initialize_variables=False):
            last, _ = record.dense_layers[-1]
            top = LayerGraph(build_backbone(record.name, record.native_size, last))
        below |= {layer: end for layer, end in _below(top).items() if layer not in below}
        ends = [top.cut_points(top.index(layer))[-1] for layer, _ in record.dense_layers]
        dense["dense_layers"] = [_as_list(point) for point in ends]
    return {
        "size": record.native_size,
        "smallest_size": record.smallest_size,
        "parameters": record.parameters,
        "imagenet": record.imagenet,
        "multiply_adds": multiply_adds(network),
        "depth": depth(network),
        "cut_points": [_as_list(point) for point in graph.cut_points(len(graph.operations) - 1)],
        "below": below,
        **dense,
    }


def facts_of_width(name: str, alpha: float) -> dict[str, Any]:
    """What depends on the width of a backbone; its layers have the same names in all widths."""
    record = BACKBONES[name]
    network = build_backbone(name, record.native_size, None, Network(alpha=alpha))
    graph = LayerGraph(network)
    points = graph.cut_points(len(graph.operations) - 1)
    return {
        "parameters": record.constructor(weights=None, alpha=alpha).count_params(),
        "multiply_adds": multiply_adds(network),
        "cut_points": [_as_list(point) for point in points],
    }


def _below(graph: LayerGraph) -> dict[str, str | None]:
    """For each layer at which the network may be ended, where it ends with one stage less."""
    below: dict[str, str | None] = {}
    for place, operation in enumerate(graph.operations):
        if may_end_at(operation):
            points = graph.cut_points(place)
            below[operation.name] = points[-2].layer if len(points) > 1 else None
    return below


def _as_list(point: CutPoint) -> list[str | int]:
    return [point.layer, point.size, point.channels, point.parameters]


def as_text(table: dict[str, dict[str, Any]]) -> str:
    """The table as JSON, one line for each fact, so that changes are easy to read."""
    return json.dumps(table, indent=1) + "\n"


def renewed(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The table of all backbones, with the entries of these built anew and the others kept."""
    kept = json.loads(TABLE.read_text(encoding="utf-8"))
    table = {}
    for name, record in BACKBONES.items():
        if name in names or name not in kept:
            kept[name] = facts_of(build_backbone(name, record.native_size))
            if record.alphas:
                widths = (alpha for alpha in record.alphas if alpha != 1)
                kept[name]["alphas"] = {f"{one:g}": facts_of_width(name, one) for one in widths}
            # What is built takes up to 1.4 GB.
            keras.backend.clear_session()
        table[name] = kept[name]
    return table


if __name__ == "__main__":
    TABLE.write_text(as_text(renewed(sys.argv[1:] or list(BACKBONES))), encoding="utf-8")
    print(f"wrote {TABLE}")
