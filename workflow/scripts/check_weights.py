"""Check, before anything is trained, that a weights file covers every layer that trials keep.

In: a weights file. Out: JSON with the layers checked and their number of parameters.
"""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.jobs import job
from scenery.learning.backbones import build_backbone
from scenery.learning.weights import load_weights
from scenery.study.backbone_facts import facts

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def check_weights(weights: Path, backbone: str, layers: list[str], out: Path) -> None:
    """Load the weights into the backbone ended at each of the layers.

    Raises:
        UserError: When the file is damaged, of another network, or ends too early.
    """
    parameters = {}
    for layer in layers:
        # Parameters do not depend on the image size, and the native one is always allowed.
        network = build_backbone(backbone, facts(backbone).size, layer)
        load_weights(network, weights)
        parameters[layer] = network.count_params()
        log.info("%s up to %s: %d parameters, all covered", backbone, layer, parameters[layer])
    out.write_text(json.dumps({"parameters": parameters}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    with job(snakemake.log[0]):
        check_weights(
            weights=Path(snakemake.input.weights),
            backbone=snakemake.params.backbone,
            layers=snakemake.params.layers,
            out=Path(snakemake.output.facts),
        )
