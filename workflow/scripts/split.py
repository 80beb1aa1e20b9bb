"""Assign every kept image to train, validation or test.

In: the catalogue (see catalogue.py).
Out: a CSV file with one row per kept image, sorted by partition and row:

=========  =====================================================================================
column     meaning
=========  =====================================================================================
file       path relative to the data set's root, with ``/``
class      the class's name
label      the class's position among the sorted class names, from 0
partition  train, validation or test
row        position within the partition, from 0: the row in its packed array
group      number of the independent group, from 0; an image alone is a group of its own
digest     the first 16 digits of the SHA-256 of the file
given      whether the data set gives the partition
=========  =====================================================================================
"""

import logging
from typing import TYPE_CHECKING

from scenery.data.splitting import (
    CATALOGUE_COLUMNS_NEEDED,
    split_images,
    without_given_test,
)
from scenery.data.tables import read_catalogue, write_table
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.data import SplitJob

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def main(catalogue: str, job: SplitJob, out: str) -> None:
    """Write the split and log how many images each partition and class has.

    Raises:
        UserError: The images cannot be divided, or the data set gives a test partition that is not
            to be divided.
    """
    images = read_catalogue(catalogue, CATALOGUE_COLUMNS_NEEDED)
    if job.given_test != "keep":
        images = without_given_test(images, refuse=job.given_test == "refuse")
    split = split_images(images, job.test, job.validation, job.seed)
    counts = split.groupby(["class", "partition"], sort=False).size().unstack(fill_value=0)
    for line in counts.sort_index().to_string().splitlines():
        log.info("%s", line)
    write_table(split, out)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        main(
            catalogue=snakemake.input.catalogue,
            job=SplitJob.model_validate(snakemake.params.job),
            out=snakemake.output.split,
        )
