"""The data set as an HTML page: counts, problems, duplicates, leaks and label conflicts.

In: catalogue.csv, split.csv. Out: data.html, which needs no network.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.reading import read_catalogue, read_split
from scenery.reporting.tables import data_set_tables, write_page

if TYPE_CHECKING:
    from snakemake.script import snakemake


def tabulate_data(catalogue: Path, split: Path, out: Path) -> None:
    """Write the page."""
    tables = data_set_tables(read_catalogue(catalogue), read_split(split))
    write_page(out, "The data set", tables)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        tabulate_data(
            catalogue=Path(snakemake.input.catalogue),
            split=Path(snakemake.input.split),
            out=Path(snakemake.output.html),
        )
