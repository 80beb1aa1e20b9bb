"""Propose the trials of one round of a search, from the results of the rounds before.

In: metrics of all trials of earlier rounds. Out: proposals.json, the sampled values of each trial.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenery.config.dataset import Dataset
from scenery.config.experiment import Choose, Experiment
from scenery.config.study import Study
from scenery.errors import UserError
from scenery.evaluation.costs import trial_costs
from scenery.evaluation.measures import higher_is_better, measure_column
from scenery.evaluation.result_tables import read_results
from scenery.evaluation.sampled_values import values_in_space
from scenery.evaluation.search_scores import milliseconds_of, score_settings
from scenery.evaluation.status import TrialStatus
from scenery.files import write_text
from scenery.pipeline.execution import script_log
from scenery.pipeline.jobs.rounds import ProposeJob
from scenery.study.experiments import DerivedSettings, derive_settings, with_effect, with_monitor
from scenery.study.proposing import Told, propose
from scenery.study.rounds import Round, Values, write_round
from scenery.study.selection import COST

if TYPE_CHECKING:
    from snakemake.script import snakemake

log = logging.getLogger("scenery")


def propose_round(
    job: ProposeJob, metrics: list[Path], predictions: list[Path], known: list[Path], out: Path
) -> None:
    """Tell the sampler what is known, and write what it proposes.

    Args:
        job: The search and its earlier rounds.
        metrics: One table for each job of the earlier rounds.
        predictions: The same, if trials are compared by cost.
        known: The trials that are known before the first round: a trials.csv, or none.
        out: proposals.json.
    """
    table = pd.concat([read_results(path) for path in metrics]) if metrics else pd.DataFrame()
    if COST in job.aims and metrics:
        said = [read_results(path) for path in predictions]
        table["validation_cost"] = trial_costs(list(table["trial"]), said, job.costs)
    if job.speeds:
        table["milliseconds"] = milliseconds_of(list(table["trial"]), job.speeds)
    settings = [one.trials for proposals in job.before for one in proposals]
    results = iter(told_settings(table, settings, job.aims))
    told = [[Told(one.values, *next(results)) for one in proposals] for proposals in job.before]
    study = Study(
        base=job.base,
        dataset=Dataset(color_mode=job.color_mode),
        experiments={job.experiment: Experiment()},
    )
    effective = with_effect(DerivedSettings(study, job.start))
    place = f"experiments.{job.experiment}.search.space"
    warm = known_trials(known[0], job) if known else KnownTrials([], frozenset())

    def keep(values: Values) -> Values:
        try:
            return effective(values, place)
        except UserError:
            # Settings that exclude each other have no trials, and so count as failed.
            return values

    def is_known(values: Values) -> bool:
        if not warm.settings:
            return False
        try:
            settings = derive_settings(study, job.start, values, place).without_unused()
        except UserError:
            return False
        how = Choose.model_construct(by=job.aims)
        return with_monitor(settings, how).digest(without=frozenset({"seed"})) in warm.settings

    maximize = [higher_is_better(aim) for aim in job.aims]
    proposals = propose(job.search, maximize, told, job.count, keep, warm.told, is_known)
    write_text(write_round(Round(job.basis, tuple(proposals))), out)
    failed = sum(one.scores is None for proposals in told for one in proposals)
    if known:
        log.info("%d settings of %s are known", len(warm.told), known[0])
    log.info(
        "%s: %d proposals by %s, after %d trials, of which %d failed",
        job.experiment,
        len(proposals),
        job.search.sampler,
        sum(map(len, told)),
        failed,
    )


def told_settings(
    table: pd.DataFrame, settings: list[tuple[str, ...]], aims: Sequence[str]
) -> Iterator[tuple[tuple[float, ...] | None, int | None]]:
    """The scores of settings, and the epochs after which those were stopped that ended early."""
    completed = score_settings(table, settings, aims)
    stopped = score_settings(table, settings, aims, TrialStatus.STOPPED)
    epochs = {} if table.empty else dict(zip(table["trial"], table["epochs_run"], strict=True))
    for trials, whole, early in zip(settings, completed, stopped, strict=True):
        yield (whole, None) if early is None else (early, int(epochs[trials[0]]))


@dataclass(frozen=True)
class KnownTrials:
    """The trials of another experiment.

    Attributes:
        told: The settings that lie in the space, with their measures.
        settings: Digests of all its settings.
    """

    told: list[Told]
    settings: frozenset[str]


def known_trials(path: Path, job: ProposeJob) -> KnownTrials:
    """Read the trials that are known before the first round.

    Raises:
        UserError: If the table lacks a column, or no trial lies in the space.
    """
    table = read_results(path)
    needed = ["trial", "setting", "status", *map(measure_column, job.aims)]
    missing = [name for name in needed if name not in table]
    if missing:
        raise UserError(
            f"experiments.{job.experiment}.search.warm_start: {path} has no column "
            f"{', '.join(missing)}; give the trials.csv of an experiment with the same choose.by"
        )
    rows: dict[str, dict[str, Any]] = {}
    trials: dict[str, list[str]] = {}
    for row in table.to_dict("records"):
        rows.setdefault(row["setting"], {str(name): value for name, value in row.items()})
        trials.setdefault(row["setting"], []).append(row["trial"])
    scores = score_settings(table, list(trials.values()), job.aims)
    told = [
        Told(values, score)
        for row, score in zip(rows.values(), scores, strict=True)
        if (values := values_in_space(row, job.search.space)) is not None
    ]
    if not told:
        raise UserError(
            f"experiments.{job.experiment}.search.warm_start: no trial of {path} lies in the space "
            f"of the search ({', '.join(job.search.space)})"
        )
    return KnownTrials(told, frozenset(rows))


if __name__ == "__main__":
    with script_log(snakemake.log[0]):
        propose_round(
            job=ProposeJob.model_validate(snakemake.params.job),
            metrics=[Path(path) for path in snakemake.input.metrics],
            predictions=[Path(path) for path in snakemake.input.predictions],
            known=[Path(path) for path in snakemake.input.known],
            out=Path(snakemake.output.proposals),
        )
