"""Decode and resize the images of one partition into one array file.

In: the split (see split.py) and the images.
Out: a .npy file, uint8 of shape (images, height, width, 3), RGB, rows as the split's `row`; and its
facts as JSON: partition, count, size, resize, classes, count_per_class, digest (SHA-256 of the
array's bytes).
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.data.array_writer import write_facts
from scenery.data.packing import pack_images
from scenery.data.tables import read_split
from scenery.image_size import size_text
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.data import PackJob

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def main(
    split: str,
    root: Path,
    job: PackJob,
    threads: int,
    out: str,
    facts_out: str,
) -> None:
    """Write the array and its facts."""
    facts = pack_images(
        read_split(split),
        root,
        job.partition,
        job.size,
        job.resize,
        job.max_pixels,
        Path(out),
        threads,
        job.white_level,
        job.interpolation,
        job.color_mode == "grayscale",
    )
    write_facts(facts, facts_out)
    log.info("%d %s images of %s pixels packed", facts["count"], job.partition, size_text(job.size))


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        main(
            split=snakemake.input.split,
            root=snakemake.params.root,
            job=PackJob.model_validate(snakemake.params.job),
            threads=snakemake.threads,
            out=snakemake.output.array,
            facts_out=snakemake.output.facts,
        )
