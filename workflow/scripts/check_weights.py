"""Check, before anything is trained, that a weights file covers every layer that trials keep.

In: a weights file. Out: JSON with the layers checked and their number of parameters.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import keras

from scenery.models.backbones import build_backbone
from scenery.models.weights import load_weights
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.weights import CheckWeightsJob
from scenery.registry.backbone_facts import facts

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def check_weights(weights: Path, job: CheckWeightsJob, out: Path) -> None:
    """Load the weights into the backbone ended at each of the layers.

    Args:
        weights: The weights file.
        job: The backbone and the layers.
        out: The JSON file.

    Raises:
        UserError: When the file is damaged, of another network, or ends too early.
    """
    parameters = {}
    # Elsewhere parameters do not depend on the image size, and the native one is always allowed.
    backbone = job.backbone
    known = facts(backbone, job.options)
    size = job.image_size or known.size
    whole: keras.Model | None = None
    for layer in _from_the_output_inwards(job.layers, list(known.below)):
        # A network that ends earlier is usually a part of one that has been built.
        if whole is not None and layer in {one.name for one in whole.layers}:
            network = keras.Model(whole.input, whole.get_layer(layer).output)
        else:
            network = whole = build_backbone(backbone, size, layer, job.options)
            load_weights(network, weights)
        parameters[layer] = network.count_params()
        log.info("%s up to %s: %d parameters, all covered", backbone, layer, parameters[layer])
    out.write_text(json.dumps({"parameters": parameters}, indent=1) + "\n", encoding="utf-8")


def _from_the_output_inwards(layers: Sequence[str], order: list[str]) -> list[str]:
    place = {layer: number for number, layer in enumerate(order)}
    return sorted(layers, key=lambda layer: place.get(layer, -1), reverse=True)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        check_weights(
            weights=Path(snakemake.input.weights),
            job=CheckWeightsJob.model_validate(snakemake.params.job),
            out=Path(snakemake.output.facts),
        )
