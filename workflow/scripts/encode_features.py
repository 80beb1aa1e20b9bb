"""Turn the local descriptors of each image into one vector.

In: maps, a codebook. Out, as from extract_features: float32 .npy of shape (images, values), or
(views, images, values), and JSON facts with the digest of its content.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from scenery.classical.codebooks import encode, load_codebook
from scenery.config.encoding import Encoding
from scenery.data.array_writer import ArrayWriter, write_facts
from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake

# Of the largest maps (dense SIFT at every fourth pixel) that is half a gigabyte while it lasts.
BATCH = 32


def encode_features(
    maps: Path,
    maps_facts: Path,
    codebook: Path,
    wanted: Encoding,
    out_array: Path,
    out_facts: Path,
) -> None:
    """Write the vectors of one partition and their facts.

    Raises:
        UserError: When the pyramid is finer than the maps.
    """
    learned = load_codebook(codebook)
    facts = json.loads(maps_facts.read_text(encoding="utf-8"))
    values = np.load(maps, mmap_mode="r", allow_pickle=False)
    views = values if facts["views"] else values[None]
    shape = (wanted.cells * learned.length,)
    with ArrayWriter(out_array, views.shape[1], shape, facts["views"]) as writer:
        for view in views:
            for start in range(0, len(view), BATCH):
                writer.add(encode(view[start : start + BATCH], learned, wanted))
    parameters = facts["parameters"] + learned.parameters
    write_facts(writer.facts | {"parameters": parameters}, out_facts)


if __name__ == "__main__":
    with script_log(snakemake.log[0]), threadpool_limits(snakemake.threads):
        encode_features(
            maps=Path(snakemake.input.maps[0]),
            maps_facts=Path(snakemake.input.maps[1]),
            codebook=Path(snakemake.input.codebook[0]),
            wanted=Encoding.model_validate(snakemake.params.encoding),
            out_array=Path(snakemake.output.array),
            out_facts=Path(snakemake.output.facts),
        )
