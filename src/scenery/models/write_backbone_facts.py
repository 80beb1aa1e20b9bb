"""Writes the light table of facts about the backbones that the study reads.

Run `python -m scenery.models.write_backbone_facts` after a change of the backbone table.
"""

import json
from pathlib import Path
from typing import Any

import keras

from scenery.models.backbones import BACKBONES, build_backbone, may_end_at
from scenery.models.truncation import LayerGraph
from scenery.registry import backbone_facts as light

TABLE = Path(light.__file__).with_name("backbone_facts.json")


def facts_of(network: keras.Model) -> dict[str, Any]:
    """A backbone's entry of the table, taken from the whole network at its native size."""
    record = BACKBONES[network.name]
    graph = LayerGraph(network)
    below: dict[str, str | None] = {}
    for place, operation in enumerate(graph.operations):
        if may_end_at(operation):
            points = graph.cut_points(place)
            below[operation.name] = points[-2].layer if len(points) > 1 else None
    return {
        "size": record.native_size,
        "smallest_size": record.smallest_size,
        "parameters": record.parameters,
        "imagenet": record.imagenet,
        "cut_points": [
            [point.layer, point.size, point.channels, point.parameters]
            for point in graph.cut_points(len(graph.operations) - 1)
        ],
        "below": below,
    }


def as_text(table: dict[str, dict[str, Any]]) -> str:
    """The table as JSON, one line for each fact, so that changes are easy to read."""
    return json.dumps(table, indent=1) + "\n"


if __name__ == "__main__":
    networks = (build_backbone(name, record.native_size) for name, record in BACKBONES.items())
    text = as_text({network.name: facts_of(network) for network in networks})
    TABLE.write_text(text, encoding="utf-8")
    print(f"wrote {TABLE}")
