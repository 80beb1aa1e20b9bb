"""Heads of a search that are compared half-way, so that most of them end early."""

import dataclasses
import functools
import logging
from collections.abc import Callable, Mapping, Sequence

from scenery.evaluation.status import TrialStatus
from scenery.evaluation.training_result import TrainingResult, Weights
from scenery.study.successive_halving import Ranking
from scenery.training.epochs import EpochPlan, run_epochs
from scenery.training.head_training import HeadTrainer

log = logging.getLogger("scenery")


def run_in_rungs(
    learners: Mapping[str, HeadTrainer],
    rungs: Sequence[int],
    survivors: Callable[[Sequence[Ranking]], list[str]],
) -> dict[str, TrainingResult]:
    """Train heads rung by rung; after each rung only the survivors go on.

    A trial that survives is trained exactly as it would have been alone.

    Args:
        learners: By trial.
        rungs: Epochs after which trials are compared, rising.
        survivors: Says which of the trials compared are trained on.

    Returns:
        The run of every trial; each learner holds the weights of its best epoch.
    """
    runs = {trial: TrainingResult() for trial in learners}
    # After a rung a learner has its best weights; training goes on from the last ones.
    last: dict[str, Weights] = {}
    running = list(learners)
    for until in (*rungs, None):
        for trial in running:
            learner = learners[trial]
            learner.set_weights(last.get(trial, []))
            plan = dataclasses.replace(EpochPlan.of(learner.settings, "head"), until=until)
            keep = functools.partial(_keep, last, trial, learner, until)
            runs[trial] = run_epochs(learner, plan, trial, runs[trial], keep, quiet=True)
        if until is not None:
            standings = [standing(trial, runs[trial]) for trial in running]
            running = survivors(standings)
            log.info("after %d epochs %d of %d trials go on", until, len(running), len(standings))
    return runs


def _keep(
    last: dict[str, Weights],
    trial: str,
    learner: HeadTrainer,
    until: int | None,
    run: TrainingResult,
    improved: bool,
) -> None:
    if len(run.history) == until:
        last[trial] = learner.get_weights()


def standing(trial: str, run: TrainingResult) -> Ranking:
    """What a run has reached so far."""
    if run.status == TrialStatus.DIVERGED:
        return Ranking(trial, True, 0.0, float("inf"))
    best = run.best_row
    return Ranking(trial, False, best.validation_accuracy, best.validation_loss)
