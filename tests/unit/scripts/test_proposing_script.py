"""propose.py: what the sampler is told of earlier rounds."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from propose import propose_round

from scenery.config.search import Search
from scenery.config.settings import Settings
from scenery.errors import UserError
from scenery.pipeline.jobs.rounds import PastProposal, ProposeJob
from scenery.study.trials import ResolvedTrial, identity_columns, setting_columns

SPACE = {
    "head.dense": [[], [64]],
    "head.activation": ["relu", "gelu"],
    "optimizer.learning_rate": {"loguniform": [1e-4, 1e-1]},
}


def job(before: Any = (), count: int = 4, **more: Any) -> ProposeJob:
    values = {
        "experiment": "e", "count": count, "basis": "abc", "aims": ("validation_accuracy",),
        "costs": {}, "start": Settings(), "base": Settings(), "color_mode": "rgb",
        "search": Search(sampler="tpe", n_trials=12, space=SPACE), **more,
    }  # fmt: skip
    return ProposeJob(**values, before=before)


def proposals(
    tmp_path: Path,
    given: ProposeJob,
    tables: list[pd.DataFrame],
    known: list[Path] | None = None,
) -> Any:
    metrics = [tmp_path / f"{number}.csv" for number in range(len(tables))]
    for path, table in zip(metrics, tables, strict=True):
        table.to_csv(path, index=False)
    propose_round(given, metrics, metrics, known or [], tmp_path / "proposals.json")
    return json.loads((tmp_path / "proposals.json").read_text())


def told(tmp_path: Path, statuses: list[str], **more: Any) -> Any:
    """Proposals after a round of twelve trials, each with one repeat."""
    first = [
        {"head.dense": [], "optimizer.learning_rate": round(1e-4 * 1.7**number, 6)}
        for number in range(12)
    ]
    table = pd.DataFrame(
        {
            "trial": [f"t{number}" for number in range(12)],
            "status": statuses,
            "epochs_run": 3,
            "parameters": [10 - number % 5 for number in range(12)],
            "validation_accuracy": [number / 20 for number in range(12)],
            "class": ["a"] * 12,
            "predicted": ["a", "b"] * 6,
        }
    )
    past = tuple(
        PastProposal(values=values, trials=(f"t{number}",)) for number, values in enumerate(first)
    )
    return proposals(tmp_path, job((past,), **more), [table[:5], table[5:]])["proposals"]


def test_first_round_needs_no_results(tmp_path: Path) -> None:
    found = proposals(tmp_path, job(count=6), [])
    assert found["basis"] == "abc"
    assert len(found["proposals"]) == 6
    # Without hidden layers there is no activation.
    for values in found["proposals"]:
        assert ("head.activation" in values) == (values["head.dense"] == [64])


def test_failed_trials_count_as_failed_and_not_as_bad(tmp_path: Path) -> None:
    completed = ["completed"] * 12
    best_failed = ["completed"] * 9 + ["diverged"] * 3
    rates = [
        [values["optimizer.learning_rate"] for values in told(tmp_path, statuses)]
        for statuses in (completed, best_failed)
    ]
    assert rates[0] != rates[1]
    assert told(tmp_path, completed) == told(tmp_path, completed)


def test_costs_come_from_predictions(tmp_path: Path) -> None:
    cheap = told(tmp_path, ["completed"] * 12, aims=("cost",), costs={"a": {"b": 0.0}})
    dear = told(tmp_path, ["completed"] * 12, aims=("cost",), costs={"a": {"b": 9.0}})
    assert cheap != dear


def test_several_aims_are_told_together(tmp_path: Path) -> None:
    one = told(tmp_path, ["completed"] * 12, aims=("validation_accuracy",))
    both = told(tmp_path, ["completed"] * 12, aims=("validation_accuracy", "parameters"))
    assert one != both


def row(settings: Settings) -> dict[str, object]:
    return identity_columns(ResolvedTrial("other", settings)) | setting_columns(settings)


def earlier(path: Path, settings: list[Settings], **columns: Any) -> Path:
    """A trials.csv of another experiment."""
    rows = [
        row(one) | {"status": "completed", "validation_accuracy": n / 20}
        for n, one in enumerate(settings)
    ]
    pd.DataFrame(rows).assign(**columns).to_csv(path, index=False)
    return path


def test_known_trials_are_told_first_and_not_proposed_again(tmp_path: Path) -> None:
    search = Search(sampler="qmc", n_trials=3, space={"epochs": {"integer": [3, 5]}})
    tried = earlier(tmp_path / "a.csv", [Settings(epochs=3), Settings(epochs=4, batch_size=8)])
    # Two of three values are left: those that were tried with the same other settings are not.
    found = proposals(tmp_path, job(search=search, count=2), [], [tried])
    assert sorted(values["epochs"] for values in found["proposals"]) == [4, 5]
    with pytest.raises(UserError, match="nothing new"):
        proposals(tmp_path, job(search=search, count=3), [], [tried])


def test_known_trials_change_the_first_round(tmp_path: Path) -> None:
    rates = [1e-4 * 1.7**number for number in range(12)]
    optimizers = [{"name": "Adam", "learning_rate": rate} for rate in rates]
    tried = earlier(
        tmp_path / "a.csv", [Settings(optimizer=one, epochs=7) for one in optimizers]
    )  # fmt: skip
    space = {"optimizer.learning_rate": {"loguniform": [1e-4, 1e-1]}, "epochs": {"integer": [5, 9]}}
    given = job(search=Search(sampler="tpe", n_trials=3, space=space), count=3)
    first = proposals(tmp_path, given, [])
    assert proposals(tmp_path, given, [], [tried]) != first
    failed = earlier(tmp_path / "b.csv", [Settings(epochs=7)] * 2, status="diverged")
    assert proposals(tmp_path, given, [], [failed])["proposals"]


def test_known_trials_that_say_nothing_are_refused(tmp_path: Path) -> None:
    elsewhere = earlier(tmp_path / "a.csv", [Settings(epochs=99)])
    search = Search(sampler="tpe", n_trials=3, space={"epochs": {"integer": [3, 5]}})
    with pytest.raises(UserError, match=r"no trial of .*a.csv lies in the space .*\(epochs\)"):
        proposals(tmp_path, job(search=search), [], [elsewhere])
    with pytest.raises(UserError, match=r"has no column validation_macro_f1; give the trials\.csv"):
        proposals(tmp_path, job(search=search, aims=("macro_f1",)), [], [elsewhere])
