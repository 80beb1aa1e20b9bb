"""Draw the figures of one job, whose records are in `scenery.reporting.figures`.

In: the tables that they need. Out: each figure as PNG, SVG or HTML, as its record says.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.drawing import DrawJob, draw_figures

if TYPE_CHECKING:
    from snakemake.script import snakemake


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        draw_figures(
            jobs=[DrawJob(**one) for one in snakemake.params.figures],
            tables={
                name: Path(files) if isinstance(files, str) else [Path(file) for file in files]
                for name, files in snakemake.input.items()
            }
            | {"root": snakemake.params.root},
            out={name: Path(path) for name, path in snakemake.output.items()},
        )
