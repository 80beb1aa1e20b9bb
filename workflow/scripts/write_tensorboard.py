"""Write the learning curves of all trials as TensorBoard logs.

In: each experiment's history.csv. Out: a folder {experiment}/{trial}/ of event files, to be read
by `tensorboard --logdir`. Nothing is trained again.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.evaluation.result_tables import read_results
from scenery.pipeline.execution import script_log
from scenery.reporting.learning_curves import with_position
from scenery.training.tensorboard import CURVES, write_curves

if TYPE_CHECKING:
    from snakemake.script import snakemake


def write_tensorboard(histories: dict[str, Path], out: Path) -> None:
    """Write one run per trial; epochs count through both steps of a trial.

    Args:
        histories: history.csv by experiment.
        out: Folder of the logs.
    """
    for experiment, path in histories.items():
        history = with_position(read_results(path))
        for trial, rows in history.groupby("trial", sort=False):
            curves = {}
            for curve in CURVES:
                known = rows[rows[curve].notna()]
                curves[curve] = [
                    (int(epoch), float(value))
                    for epoch, value in zip(known["position"], known[curve], strict=True)
                ]
            write_curves(out / experiment / str(trial), curves)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        write_tensorboard(
            histories=dict(
                zip(
                    snakemake.params.experiments,
                    [Path(path) for path in snakemake.input.histories],
                    strict=True,
                )
            ),
            out=Path(snakemake.output.logs),
        )
