"""Compute the activations of a frozen backbone for all images of a partition or subset.

In: packed images, the table that names them, weights. Out: float32 (dense SIFT: uint8) .npy of
shape (images, ...), or (views, images, ...) for augmented views, and JSON facts with the digest of
its content.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.data.array_writer import write_facts
from scenery.data.packed_images import open_packed
from scenery.data.tables import partition_table, read_split
from scenery.models.feature_extraction import extract, load_feature_extractor
from scenery.pipeline.execution import count_steps, script_log
from scenery.pipeline.jobs.features import ExtractFeaturesJob
from scenery.training.hardware import set_up

if TYPE_CHECKING:
    from snakemake.script import snakemake

BATCH = 32


def extract_features(
    table: Path,
    array: Path,
    job: ExtractFeaturesJob,
    out_array: Path,
    out_facts: Path,
) -> None:
    """Write the features of one partition and their facts.

    Args:
        table: A split or subset.
        array: The partition's packed images.
        job: Which features of which partition.
        out_array: The .npy file.
        out_facts: The .json file.

    Raises:
        UserError: When the weights do not cover the backbone.
    """
    images = open_packed(array, partition_table(read_split(table), job.partition))
    features = job.features
    started = time.perf_counter()
    facts = extract(
        load_feature_extractor(features, job.weights),
        images,
        out_array,
        BATCH,
        features.augment,
        features.views,
        features.seed,
    )
    count_steps(time.perf_counter() - started)
    write_facts(facts, out_facts)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        set_up(snakemake.threads)
        extract_features(
            table=Path(snakemake.input.images[0]),
            array=Path(snakemake.input.images[1]),
            job=ExtractFeaturesJob.model_validate(snakemake.params.job),
            out_array=Path(snakemake.output.array),
            out_facts=Path(snakemake.output.facts),
        )
