"""Draw the whole study from its summary.

In: summary.csv. Out: comparison of the experiments, accuracy against parameters and against time,
each as SVG and PNG.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.reading import read_trials
from scenery.reporting.study_figures import accuracy_against, comparison
from scenery.reporting.style import save

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_study(
    summary: Path,
    comparison_svg: Path,
    comparison_png: Path,
    parameters_svg: Path,
    parameters_png: Path,
    time_svg: Path,
    time_png: Path,
) -> None:
    """Draw the three figures."""
    table = read_trials(summary)
    save(comparison(table), comparison_svg, comparison_png)
    save(accuracy_against(table, "parameters"), parameters_svg, parameters_png)
    save(accuracy_against(table, "seconds"), time_svg, time_png)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_study(
            summary=Path(snakemake.input.summary),
            comparison_svg=Path(snakemake.output.comparison_svg),
            comparison_png=Path(snakemake.output.comparison_png),
            parameters_svg=Path(snakemake.output.parameters_svg),
            parameters_png=Path(snakemake.output.parameters_png),
            time_svg=Path(snakemake.output.time_svg),
            time_png=Path(snakemake.output.time_png),
        )
