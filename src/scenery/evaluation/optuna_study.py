"""The trials of a search as a study of Optuna, and the importance of its settings."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from scenery.config.search import Distribution
from scenery.evaluation.columns import names_of
from scenery.evaluation.importance import importance
from scenery.evaluation.measures import higher_is_better, measure_column
from scenery.evaluation.result_tables import completed
from scenery.evaluation.sampled_values import varied_values
from scenery.evaluation.status import TrialStatus
from scenery.study.optuna_samplers import SHARE, finished_trial

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

SEED = 0


def optuna_trials(
    trials: pd.DataFrame,
    history: pd.DataFrame,
    space: Mapping[str, Distribution],
    aims: Sequence[str],
) -> "list[FrozenTrial]":
    """One trial of Optuna for each row of trials.csv, in its order.

    Args:
        trials: trials.csv.
        history: history.csv; its validation accuracies are intermediate values if there is one aim.
        space: The space of the search.
        aims: The measures of `choose.by`.
    """
    curves = {
        trial: dict(enumerate(rows["validation_accuracy"], start=1))
        for trial, rows in history.groupby("trial", sort=False)
    }
    columns = [measure_column(aim) for aim in aims]
    found = []
    for row in trials.to_dict("records"):
        scores = [float(row[column]) for column in columns]
        stopped = row["status"] == TrialStatus.STOPPED and len(aims) == 1
        done = row["status"] == TrialStatus.COMPLETED or stopped
        done = done and bool(np.isfinite(scores).all())
        facts = {name: row[name] for name in ("trial", "name", "status", "repeat", "round")}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found.append(
                finished_trial(
                    space,
                    varied_values(row, space),
                    scores if done else None,
                    stopped_after=int(row["epochs_run"]) if stopped else None,
                    user_attrs=facts,
                    intermediate_values=curves.get(row["trial"], {}) if len(aims) == 1 else {},
                )
            )
    return found


def make_study(
    name: str, trials: "Sequence[FrozenTrial]", aims: Sequence[str], database: Path | None = None
) -> "Study":
    """A study of Optuna.

    Args:
        name: Its name.
        trials: Its trials.
        aims: The measures of `choose.by`.
        database: A file of SQLite that does not exist yet; None: in memory.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=name,
        directions=["maximize" if higher_is_better(aim) else "minimize" for aim in aims],
        storage=None if database is None else f"sqlite:///{database}",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study.set_metric_names([aim.replace("_", " ") for aim in aims])
        study.add_trials(trials)
    return study


def importance_table(study: "Study", trials: pd.DataFrame, settings: list[str]) -> pd.DataFrame:
    """How much the first aim depends on each setting, by three methods.

    Args:
        study: The study of Optuna.
        trials: trials.csv.
        settings: The settings of the space.

    Returns:
        The columns of importance.csv; a method that cannot say anything leaves them empty.
    """
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator

    done = trials[completed(trials)]
    forest = importance(done, [name for name in settings if name in done])
    drops = {} if forest is None else {name: drop for name, (drop, _) in forest.drops.items()}
    found = {
        "permutation": drops,
        "fanova": _evaluated(study, FanovaImportanceEvaluator(seed=SEED)),
        "ped_anova": _evaluated(study, PedAnovaImportanceEvaluator()),
    }
    rows = [
        {"parameter": name, **{method: shares.get(name) for method, shares in found.items()}}
        for name in settings
    ]
    return pd.DataFrame(rows, columns=list(names_of("importance")))


def _evaluated(study: "Study", evaluator: Any) -> dict[str, float]:
    """Optuna's importance by setting; empty if there are too few different results."""
    from optuna.importance import get_param_importances

    several = len(study.directions) > 1
    done = study.get_trials(states=(_complete(),))
    if len({trial.values[0] for trial in done}) < 2 or len(done) < 4:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = get_param_importances(
            study,
            evaluator=evaluator,
            target=(lambda trial: trial.values[0]) if several else None,
        )
    return {name.removesuffix(SHARE): float(share) for name, share in found.items()}


def _complete() -> Any:
    from optuna.trial import TrialState

    return TrialState.COMPLETE
