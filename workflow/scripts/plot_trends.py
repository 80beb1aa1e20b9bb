"""Draw training and validation accuracy against settings that are numbers.

In: an experiment's trials.csv and chosen.yaml. Out: the figure as SVG and PNG.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.parameter_curves import parameter_curves_figure
from scenery.reporting.reading import read_choice, read_trials
from scenery.reporting.style import save

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_trends(
    trials: Path, chosen: Path, settings: Sequence[str], title: str, svg: Path, png: Path
) -> None:
    """Draw the figure."""
    figure = parameter_curves_figure(read_trials(trials), read_choice(chosen), settings, title)
    save(figure, svg, png)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_trends(
            trials=Path(snakemake.input.trials),
            chosen=Path(snakemake.input.chosen),
            settings=snakemake.params.settings,
            title=snakemake.params.title,
            svg=Path(snakemake.output.trends_svg),
            png=Path(snakemake.output.trends_png),
        )
