"""Draw published numbers and ours side by side.

In: published.csv of one experiment or more. Out: the figure as SVG and PNG.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.reading import read_reference_results
from scenery.reporting.reference_results_figure import reference_results_figure
from scenery.reporting.style import save

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_published(
    tables: Sequence[Path], titles: Sequence[str], title: str, svg: Path, png: Path
) -> None:
    """Draw the figure; `titles` are those of the tables' experiments."""
    read = [read_reference_results(path) for path in tables]
    save(reference_results_figure(list(zip(titles, read, strict=True)), title), svg, png)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_published(
            tables=[Path(path) for path in snakemake.input],
            titles=snakemake.params.titles,
            title=snakemake.params.title,
            svg=Path(snakemake.output.published_svg),
            png=Path(snakemake.output.published_png),
        )
