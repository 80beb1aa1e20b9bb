"""fine_tune.py, refit_head.py and refit_network.py: from a trial to its final model."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from fine_tune import Outputs, fine_tune
from refit_head import refit_head
from refit_network import refit_network
from train_heads import ShardData, train_head

from scenery.data.packed_images import open_packed
from scenery.data.tables import partition_table, read_split
from scenery.inference.final_model import load_final, predict

TUNED = {"trainable": "all", "head": {"dropout": 0.3}, "optimizer": {"learning_rate": 1e-3}}


@pytest.fixture(autouse=True, scope="module")
def as_in_a_job() -> None:
    """Jobs ask TensorFlow for repeatable sums."""
    tf.config.experimental.enable_op_determinism()


def validation_probabilities(study: Any, model: Path) -> np.ndarray:
    table = partition_table(read_split(study.split), "validation")
    return predict(load_final(model), open_packed(study.data / "validation" / "32.npy", table))


def choice(trial: dict[str, Any], history: pd.DataFrame, best: int, refit: bool) -> dict[str, Any]:
    rates = {
        str(step): list(rows["learning_rate"]) for step, rows in history.groupby("step", sort=False)
    }
    last = list(rates)[-1]
    rates[last] = rates[last][:best]
    return {
        "trial": trial["trial"], "settings": trial["settings"],
        "learning_rates": rates, "refit": refit,
    }  # fmt: skip


@pytest.mark.parametrize("refit", [True, False])
def test_the_final_head(study: Any, tmp_path: Path, refit: bool) -> None:
    settings = {"head": {"dense": [6]}, "optimizer": {"learning_rate": 0.01}}
    trial = study.described(**settings)
    result = train_head(trial, ShardData(study.split), "t", quiet=True)
    chosen = choice(trial, pd.DataFrame(result.history), result.metrics["best_epoch"], refit)
    out = tmp_path / "model.keras", tmp_path / "record.json"
    refit_head(chosen, study.files(refit, **settings), study.split, "code", *out)
    record = json.loads(out[1].read_text())
    assert (record["trial"], record["refit"], record["code"]) == (trial["trial"], refit, "code")
    assert record["training_images"] == (18 if refit else 12)
    assert record["settings"] == trial["settings"]
    predicted = validation_probabilities(study, out[0])
    assert np.allclose(predicted.sum(axis=1), 1, atol=1e-5)
    of_trial = [row["confidence"] for row in result.predictions]
    same = np.allclose(predicted.max(axis=1), of_trial, atol=1e-3)
    # Without a refit the final model is the trial's own; with one it has learned more.
    assert same != refit


def outputs(folder: Path) -> Outputs:
    folder.mkdir(exist_ok=True)
    names = ("metrics.csv", "history.csv", "predictions.csv", "record.json")
    return Outputs(*(folder / name for name in names))


def tune(
    study: Any, folder: Path, keep: bool, settings: dict[str, Any] = TUNED
) -> tuple[dict[str, Any], Outputs]:
    trial = study.described(**settings)
    out = outputs(folder / "out")
    state = folder / "checkpoints" / trial["trial"]
    fine_tune(trial, study.split, study.data, None, state, keep, "code", out)
    return trial, out


@pytest.mark.parametrize("weights_are_kept", [True, False])
def test_without_a_refit_the_trial_is_the_final_model(
    study: Any, tmp_path: Path, weights_are_kept: bool
) -> None:
    trial, out = tune(study, tmp_path, keep=True)
    row = pd.read_csv(out.metrics).iloc[0]
    if not weights_are_kept:
        shutil.rmtree(tmp_path / "checkpoints")
    chosen = choice(trial, pd.read_csv(out.history), int(row["best_epoch"]), refit=False)
    files = tmp_path / "model.keras", tmp_path / "record.json"
    checkpoints = tmp_path / "checkpoints"
    refit_network(chosen, study.files(False, **TUNED), study.split, checkpoints, "code", *files)
    predictions = pd.read_csv(out.predictions)
    columns = [name for name in predictions if name.startswith("probability:")]
    found = validation_probabilities(study, files[0])
    assert np.allclose(found, predictions[columns], atol=1e-4)
    assert predictions["correct"].mean() == pytest.approx(row["validation_accuracy"])
    assert json.loads(files[1].read_text())["training_images"] == 12


def test_a_refit_learns_from_both_partitions(study: Any, tmp_path: Path) -> None:
    settings = {**TUNED, "first_step": {"epochs": 2}}
    trial, out = tune(study, tmp_path, keep=False, settings=settings)
    history = pd.read_csv(out.history)
    assert list(history["step"]) == ["head"] * 2 + ["network"] * 3
    chosen = choice(trial, history, best=2, refit=True)
    files = tmp_path / "model.keras", tmp_path / "record.json"
    checkpoints = tmp_path / "checkpoints"
    refit_network(chosen, study.files(True, **settings), study.split, checkpoints, "code", *files)
    record = json.loads(files[1].read_text())
    assert (record["training_images"], record["epochs"]) == (18, 2)
    assert np.isfinite(validation_probabilities(study, files[0])).all()
    assert not (checkpoints / "refit").exists()


def test_a_trial_that_is_over_is_not_trained_again(
    study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out = tune(study, tmp_path, keep=False)
    first = {path.name: path.read_bytes() for path in out.files}
    shutil.rmtree(tmp_path / "out")
    monkeypatch.setattr("fine_tune.run_epochs", None)
    _, again = tune(study, tmp_path, keep=False)
    assert {path.name: path.read_bytes() for path in again.files} == first


def test_a_trial_that_diverges_is_a_row(study: Any, tmp_path: Path) -> None:
    wild = {
        "trainable": "all", "head": {"l2": 1e30},
        "optimizer": {"name": "SGD", "learning_rate": 100},
    }  # fmt: skip
    _, out = tune(study, tmp_path, keep=True, settings=wild)
    row = pd.read_csv(out.metrics).iloc[0]
    assert row["status"] == "diverged"
    assert "became" in row["reason"]
    assert np.isnan(row["validation_accuracy"])
    assert "trial" in pd.read_csv(out.history).columns
    assert pd.read_csv(out.predictions).empty
