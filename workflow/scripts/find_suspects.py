"""List the training and validation images by how probable their labels are.

In: the split, features and packed images of both partitions. Out: suspects.csv, the least probable
label first; no rows where no image can be held out. Test images are not looked at.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from scenery.classical.held_out_labels import NothingHeldOut, check_labels
from scenery.data.contrast import contrasts
from scenery.data.feature_files import read_features
from scenery.data.tables import class_names, partition_table, read_split, write_table
from scenery.evaluation.columns import names_of
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs import SuspectsJob

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def find_suspects(job: SuspectsJob, split: Path, out: Path) -> None:
    """Write the table."""
    images = read_split(split)
    tables = [partition_table(images, name) for name in ("train", "validation")]
    first, second = (
        read_features(files.array, files.facts, table)
        for files, table in zip(job.features, tables, strict=True)
    )
    shades = [
        contrasts(files.array, table["row"].to_numpy())
        for files, table in zip(job.images, tables, strict=True)
    ]
    table = pd.concat(tables, ignore_index=True).assign(contrast=np.concatenate(shades))
    try:
        found = check_labels(first.joined_with(second), table, class_names(images))
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
