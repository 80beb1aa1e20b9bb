"""List the training and validation images by how probable their labels are.

In: the split, features and packed images of both partitions. Out: suspects.csv, the least probable
label first; no rows where no image can be held out. Test images are not looked at.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from threadpoolctl import threadpool_limits

from scenery.classical.held_out_labels import NothingHeldOut, check_labels
from scenery.data.tables import read_split, write_table
from scenery.evaluation.columns import names_of
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.suspects import SuspectsJob

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def find_suspects(job: SuspectsJob, split: Path, out: Path) -> None:
    """Write the table."""
    try:
        found = check_labels(read_split(split), job.features, [one.array for one in job.images])
    except NothingHeldOut as error:
        log.warning("labels are not checked: %s", error)
        found = pd.DataFrame(columns=list(names_of("suspects")))
    write_table(found, out)


if __name__ == "__main__":
    with script_log(snakemake.log[0]), threadpool_limits(1):
        find_suspects(
            job=SuspectsJob.model_validate(snakemake.params.job),
            split=Path(snakemake.input.split),
            out=Path(snakemake.output.suspects),
        )
