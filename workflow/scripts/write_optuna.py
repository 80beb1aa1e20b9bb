"""Write the trials of a search as a study of Optuna, for its own tools.

In: trials.csv and history.csv of an experiment. Out: optuna.db, a database of SQLite, and
importance.csv. Nothing reads the database; it is written anew from the tables.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from scenery.evaluation.optuna_study import importance_table, make_study, optuna_trials
from scenery.evaluation.result_tables import read_results
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.rounds import OptunaJob

if TYPE_CHECKING:
    from snakemake.script import snakemake


def write_optuna(
    job: OptunaJob, trials: Path, history: Path, out_database: Path, out_importance: Path
) -> None:
    """Write the database and the importance of the settings."""
    table = read_results(trials)
    rows = optuna_trials(table, read_results(history), job.space, job.aims)
    # A job that was killed leaves a half of a database.
    unfinished = out_database.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    make_study(job.experiment, rows, job.aims, unfinished)
    unfinished.replace(out_database)
    study = make_study(job.experiment, rows, job.aims)
    importance_table(study, table, list(job.space)).to_csv(out_importance, index=False)


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        write_optuna(
            job=OptunaJob.model_validate(snakemake.params.job),
            trials=Path(snakemake.input.trials),
            history=Path(snakemake.input.history),
            out_database=Path(snakemake.output.database),
            out_importance=Path(snakemake.output.importance),
        )
