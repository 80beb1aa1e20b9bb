"""Draw one 16:9 picture of an experiment's best result and its configuration.

In: trials.csv, history.csv, chosen.yaml, test/metrics.json. Out: best.svg, best.png.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.pipeline.execution import script_log
from scenery.reporting.best_figure import best_figure
from scenery.reporting.reading import read_choice, read_history, read_metrics, read_trials
from scenery.reporting.style import save

if TYPE_CHECKING:
    from snakemake.script import snakemake


def plot_best(
    trials: Path, history: Path, chosen: Path, metrics: Path, title: str, svg: Path, png: Path
) -> None:
    """Draw the figure from the tables."""
    figure = best_figure(
        read_trials(trials),
        read_history(history),
        read_choice(chosen),
        read_metrics(metrics),
        title,
    )
    save(figure, svg, png)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        plot_best(
            trials=Path(snakemake.input.trials),
            history=Path(snakemake.input.history),
            chosen=Path(snakemake.input.chosen),
            metrics=Path(snakemake.input.metrics),
            title=snakemake.params.title,
            svg=Path(snakemake.output.best_svg),
            png=Path(snakemake.output.best_png),
        )
