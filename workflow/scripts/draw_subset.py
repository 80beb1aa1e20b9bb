"""Draw the same number of training images from each class.

In: the split (see split.py).
Out: a CSV file with the chosen rows of the split, columns unchanged; `row` still counts in the
whole training partition.
"""

import logging
from typing import TYPE_CHECKING

from scenery.data.splitting import draw_subset
from scenery.data.tables import read_split, write_table
from scenery.pipeline.execution import script_log

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def main(split: str, per_class: int, seed: int, out: str) -> None:
    """Write the subset."""
    subset = draw_subset(read_split(split), per_class, seed)
    log.info("%d training images, %d per class", len(subset), per_class)
    write_table(subset, out)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        main(
            split=snakemake.input.split,
            **snakemake.params.how,
            out=snakemake.output.subset,
        )
