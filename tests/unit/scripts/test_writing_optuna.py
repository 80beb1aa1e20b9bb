"""write_optuna.py: the database opens in Optuna's own tools."""

from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
from optuna.visualization import matplotlib as plots
from write_optuna import write_optuna

from scenery.config.search import Search
from scenery.pipeline.jobs.rounds import OptunaJob

SPACE: dict[str, Any] = {
    "optimizer.name": ["SGD", "Adam"],
    "optimizer.learning_rate": {"loguniform": [1e-4, 1e-1]},
    "optimizer.momentum": {"uniform": [0, 0.9], "when": {"optimizer.name": ["SGD"]}},
    "head.dense": [[], [64]],
    "epochs": {"integer": [3, 30]},
}


def tables(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, epochs = [], []
    for number in range(count):
        sgd = number % 2 == 0
        momentum = ', "optimizer.momentum"' if sgd else ""
        varied = f'["optimizer.name", "optimizer.learning_rate", "head.dense", "epochs"{momentum}]'
        rows.append(
            {
                "trial": f"t{number}", "name": f"name {number}", "repeat": 0, "round": number // 5,
                "status": {3: "diverged", 4: "stopped"}.get(number, "completed"), "epochs_run": 2,
                "varied": varied,
                "validation_accuracy": None if number == 3 else 0.5 + number / 40,
                "parameters": 1000 - number, "optimizer.name": "SGD" if sgd else "Adam",
                "optimizer.learning_rate": 1e-4 * 1.4**number,
                "optimizer.momentum": 0.05 * number if sgd else None,
                "head.dense": "[64]" if number % 3 else "[]", "epochs": 3 + number,
            }
        )  # fmt: skip
        epochs += [
            {"trial": f"t{number}", "epoch": n, "validation_accuracy": n / 9} for n in (1, 2)
        ]
    return pd.DataFrame(rows), pd.DataFrame(epochs)


def written(folder: Path, count: int, *aims: str) -> tuple[optuna.Study, pd.DataFrame]:
    for name, table in zip(("trials", "history"), tables(count), strict=True):
        table.to_csv(folder / f"{name}.csv", index=False)
    space = Search(n_trials=1, space=SPACE).space
    job = OptunaJob(experiment="search", aims=aims, space=space)
    job = OptunaJob.model_validate(job.as_params())
    database, importance = folder / "optuna.db", folder / "importance.csv"
    # A job that was killed, and an earlier one, leave nothing in it.
    for file in ("optuna.part", "optuna.db"):
        (folder / file).write_text("nothing")
    write_optuna(job, folder / "trials.csv", folder / "history.csv", database, importance)
    study = optuna.load_study(study_name="search", storage=f"sqlite:///{database}")
    return study, pd.read_csv(importance)


def test_database_opens_in_the_tools_of_optuna(tmp_path: Path) -> None:
    study, importance = written(tmp_path, 16, "validation_accuracy")
    assert len(study.trials) == 16
    assert study.best_trial.user_attrs["trial"] == "t15"
    assert study.best_value == pytest.approx(0.5 + 15 / 40)
    assert study.trials[3].state.name == "FAIL"
    assert study.trials[4].state.name == "PRUNED"
    first = study.trials[0]
    assert first.params == {
        "optimizer.name": "SGD", "optimizer.learning_rate": 1e-4, "optimizer.momentum": 0.0,
        "head.dense": "[]", "epochs": 3,
    }  # fmt: skip
    assert "optimizer.momentum" not in study.trials[1].params
    assert first.intermediate_values == {1: 1 / 9, 2: 2 / 9}
    assert plots.plot_optimization_history(study).lines
    assert plots.plot_slice(study, params=["epochs", "optimizer.learning_rate"]).size == 2
    assert plots.plot_intermediate_values(study).lines
    assert importance["parameter"].tolist() == list(SPACE)
    epochs = importance.set_index("parameter").loc["epochs"]
    assert epochs["fanova"] > 0.1
    assert epochs["ped_anova"] >= 0
    assert epochs["permutation"] > 0


def test_database_of_several_aims_has_their_pareto_front(tmp_path: Path) -> None:
    study, importance = written(tmp_path, 14, "validation_accuracy", "parameters")
    assert [direction.name for direction in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    assert [trial.user_attrs["trial"] for trial in study.best_trials] == ["t13"]
    # Of so few trials a forest says nothing.
    assert importance["permutation"].isna().all()
    assert plots.plot_pareto_front(study) is not None
