"""The images that may be wrong, as an HTML page with pictures.

In: suspects.csv, and the images themselves. Out: suspects.html.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.reading import read_suspects
from scenery.reporting.suspects import write_suspects_page

if TYPE_CHECKING:
    from snakemake.script import snakemake


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        write_suspects_page(
            read_suspects(snakemake.input.suspects),
            Path(snakemake.params.root),
            Path(snakemake.output.html),
            **snakemake.params.reading,
        )
