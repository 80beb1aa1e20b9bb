"""Successive halving of heads: most of them end early (Jamieson and Talwalkar 2016)."""

import dataclasses
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from scenery.config.settings import Settings
from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import TrainingResult, Weights
from scenery.study.successive_halving import Ranking
from scenery.training.epochs import EpochPlan, Trainer, run_epochs

log = logging.getLogger("scenery")


class HeadLike(Trainer, Protocol):
    """A trainer of a head."""

    @property
    def settings(self) -> Settings:
        """Settings of the trial."""

    @property
    def images(self) -> int:
        """Number of training images."""


def run_in_rungs(
    trainers: Mapping[str, HeadLike],
    rungs: Sequence[int],
    survivors: Callable[[int, Sequence[Ranking]], list[str]],
) -> tuple[dict[str, TrainingResult], dict[str, list[Ranking]]]:
    """Train heads rung by rung; after each rung only the survivors go on.

    A survivor is trained exactly as without halving.

    Args:
        trainers: By trial.
        rungs: Epochs after which trials are compared, rising.
        survivors: Gives the trials that are trained beyond a comparison, by its number.

    Returns:
        The run of every trial, and what it had reached at each comparison. Each trainer holds the
        weights of its best epoch.
    """
    reached: dict[str, list[Ranking]] = {trial: [] for trial in trainers}
    runs = {trial: TrainingResult() for trial in trainers}
    # After a rung a trainer has its best weights; training continues from the last ones.
    last: dict[str, Weights] = {}
    running = list(trainers)
    for rung, until in enumerate((*rungs, None)):
        for trial in running:
            trainer = trainers[trial]
            trainer.set_weights(last.get(trial, []))
            plan = EpochPlan.of(trainer.settings, "head", trainer.images)
            pause = None
            if until is not None:
                # Where minimum_updates adds epochs, a head pauses after the same share of them.
                pause = -(-until * plan.epochs // trainer.settings.epochs)
            plan = dataclasses.replace(plan, until=pause)
            keep = functools.partial(_keep, last, trial, trainer, pause)
            runs[trial] = run_epochs(trainer, plan, trial, runs[trial], keep, quiet=True)
        if until is not None:
            rankings = [ranking(trial, runs[trial]) for trial in running]
            for one in rankings:
                reached[one.trial].append(one)
            running = survivors(rung, rankings)
            log.info("after %d epochs %d of %d trials continue", until, len(running), len(rankings))
    return runs, reached


def _keep(
    last: dict[str, Weights],
    trial: str,
    trainer: HeadLike,
    until: int | None,
    run: TrainingResult,
    improved: bool,
) -> None:
    if len(run.history) == until:
        last[trial] = trainer.get_weights()


def ranking(trial: str, run: TrainingResult) -> Ranking:
    """The best epoch of a run so far."""
    if run.status == TrialStatus.DIVERGED:
        return Ranking(trial, True, 0.0, float("inf"))
    best = run.best_row
    return Ranking(trial, False, best.validation_accuracy, best.validation_loss)
