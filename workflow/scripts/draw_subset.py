"""Take some of the training images: so many of each class, so many in all, or given ones.

In: the split (see split.py).
Out: a CSV file with the chosen rows of the split, columns unchanged; `row` still counts in the
whole training partition.
"""

import logging
from typing import TYPE_CHECKING, Any

from scenery.data.file_lists import listed_files
from scenery.data.splitting import draw_subset
from scenery.data.subsets import draw_in_total, given_subset
from scenery.data.tables import read_split, write_table
from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def main(split: str, how: dict[str, Any], out: str) -> None:
    """Write the subset.

    Args:
        split: The split.
        how: per_class or total with a seed, or files: what `subsets` in the config says.
        out: The subset.
    """
    table = read_split(split)
    if "files" in how:
        subset = given_subset(table, listed_files(how["files"]), how["files"])
    elif "total" in how:
        subset = draw_in_total(table, how["total"], how["seed"])
    else:
        subset = draw_subset(table, how["per_class"], how["seed"])
    log.info("%d training images", len(subset))
    write_table(subset, out)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        main(
            split=snakemake.input.split,
            how=snakemake.params.how,
            out=snakemake.output.subset,
        )
