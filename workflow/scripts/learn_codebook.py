"""Learn visual words, or a mixture of Gaussians, from local descriptors of training images.

In: maps of the training images, the table of those that it may learn from. Out: codebook.skops and
facts with the digest of its content.
"""

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from scenery.classical import codebooks
from scenery.data.array_writer import write_facts
from scenery.data.tables import partition_table, read_split
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs import LearnCodebookJob

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def learn_codebook(
    table: Path,
    maps: Path,
    job: LearnCodebookJob,
    out_codebook: Path,
    out_facts: Path,
) -> None:
    """Sample descriptors, learn and keep.

    Args:
        table: A split or subset.
        maps: .npy of all training images' maps.
        job: How it is learned.
        out_codebook: codebook.skops.
        out_facts: codebook.json.

    Raises:
        UserError: When there are fewer descriptors than words, or fewer values than components.
    """
    started = time.monotonic()
    wanted, seed = job.encoding, job.seed
    values = np.load(maps, mmap_mode="r", allow_pickle=False)
    rows = partition_table(read_split(table), "train")["row"].to_numpy()
    sample = codebooks.sample_descriptors(values, rows, wanted.samples, seed)
    codebook = codebooks.learn_codebook(sample, wanted, seed)
    codebooks.save_codebook(codebook, out_codebook)
    log.info(
        "codebook of %d from %d descriptors of %d images in %.0f s",
        wanted.size,
        len(sample),
        len(rows),
        time.monotonic() - started,
    )
    facts = {"parameters": codebook.parameters, "digest": codebooks.digest(codebook)}
    write_facts(facts | {"descriptors": len(sample)}, out_facts)


if __name__ == "__main__":
    with script_log(snakemake.log[0]), threadpool_limits(snakemake.threads):
        learn_codebook(
            table=Path(snakemake.input.table),
            maps=Path(snakemake.input.maps[0]),
            job=LearnCodebookJob.model_validate(snakemake.params.job),
            out_codebook=Path(snakemake.output.codebook),
            out_facts=Path(snakemake.output.facts),
        )
