"""Draw one training image of every class.

In: split.csv and the images. Out: examples.png.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.examples_figure import examples_figure
from scenery.reporting.reading import read_split
from scenery.reporting.style import save

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_examples(split: Path, root: Path, png: Path) -> None:
    """Draw the figure; `root` is the folder that the split's files are relative to."""
    save(examples_figure(read_split(split), root), None, png)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_examples(
            split=Path(snakemake.input.split),
            root=Path(snakemake.params.root),
            png=Path(snakemake.output.examples_png),
        )
