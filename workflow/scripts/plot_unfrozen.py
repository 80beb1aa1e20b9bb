"""Draw what it brings and costs to let more of the network learn.

In: an experiment's trials.csv and chosen.yaml. Out: the figure as SVG and PNG.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.fine_tuning_depth import fine_tuning_depth_figure
from scenery.reporting.reading import read_choice, read_trials
from scenery.reporting.style import save

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_unfrozen(trials: Path, chosen: Path, title: str, svg: Path, png: Path) -> None:
    """Draw the figure."""
    save(fine_tuning_depth_figure(read_trials(trials), read_choice(chosen), title), svg, png)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_unfrozen(
            trials=Path(snakemake.input.trials),
            chosen=Path(snakemake.input.chosen),
            title=snakemake.params.title,
            svg=Path(snakemake.output.unfrozen_svg),
            png=Path(snakemake.output.unfrozen_png),
        )
