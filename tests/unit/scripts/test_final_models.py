"""fine_tune.py, refit_head.py and refit_network.py: from a trial to its final model."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from average_weights import make_soup
from evaluate import evaluate
from fine_tune import Outputs, fine_tune
from refit_head import refit_head
from refit_network import refit_network

from scenery.data.packed_images import open_packed
from scenery.data.tables import partition_table, read_split
from scenery.evaluation.trial_batches import COLUMNS
from scenery.evaluation.trial_data import ShardData
from scenery.inference.final_model import load_final, predict
from scenery.pipeline.jobs.final_models import (
    AverageWeightsJob,
    EvaluateJob,
    RefitNetworkJob,
    SoupMember,
)
from scenery.pipeline.jobs.trials import FineTuneJob
from scenery.training.head_trials import train_head

TUNED = {"trainable": "all", "head": {"dropout": 0.3}, "optimizer": {"learning_rate": 1e-3}}


@pytest.fixture(autouse=True, scope="module")
def as_in_a_job() -> None:
    """Jobs ask TensorFlow for repeatable sums."""
    tf.config.experimental.enable_op_determinism()


def validation_probabilities(study: Any, model: Path) -> np.ndarray:
    table = partition_table(read_split(study.split), "validation")
    return predict(load_final(model), open_packed(study.data / "validation" / "32.npy", table))


def recorded_rates(history: pd.DataFrame, best: int) -> dict[str, list[float]]:
    rates = {
        str(step): list(rows["learning_rate"]) for step, rows in history.groupby("step", sort=False)
    }
    last = list(rates)[-1]
    rates[last] = rates[last][:best]
    return rates


@pytest.mark.parametrize("refit", [True, False])
def test_the_final_head(study: Any, tmp_path: Path, refit: bool) -> None:
    settings = {"head": {"dense": [6]}, "optimizer": {"learning_rate": 0.01}}
    trial = study.trial(**settings)
    result = train_head(trial, ShardData(study.split), "t", quiet=True)
    rates = recorded_rates(pd.DataFrame(result.history), result.metrics["best_epoch"])
    out = tmp_path / "model.keras", tmp_path / "record.json"
    job = study.refit_features(study.choice(rates, **settings), refit)
    refit_head(job, study.split, "code", *out)
    record = json.loads(out[1].read_text())
    assert (record["trial"], record["refit"], record["code"]) == (trial.id, refit, "code")
    assert record["training_images"] == (18 if refit else 12)
    assert record["settings"] == trial.settings.model_dump(mode="json")
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


def tune(study: Any, folder: Path, keep: bool, settings: dict[str, Any] = TUNED) -> Outputs:
    trial = study.trial(**settings)
    out = outputs(folder / "out")
    job = FineTuneJob(
        trial=trial.id,
        settings=trial.settings,
        backbone=study.backbone(**settings),
        table=study.split,
        training=study.network_data("train"),
        validation=study.network_data("validation"),
        checkpoints=folder / "checkpoints" / trial.id,
        keep_weights=keep,
    )
    fine_tune(job, study.split, "code", out)
    return out


def test_fine_tune_writes_predictions_like_every_other_trial(study: Any, tmp_path: Path) -> None:
    table = pd.read_csv(tune(study, tmp_path, keep=False).predictions)
    (folder,) = (tmp_path / "checkpoints").iterdir()
    assert list(folder.glob("curves/events.out.*"))
    assert list(table) == COLUMNS["predictions"]
    assert table["trial"].nunique() == 1
    assert len(table) == int((read_split(study.split)["partition"] == "validation").sum())


def refit(
    study: Any, folder: Path, rates: dict[str, list[float]], refit: bool, **settings: Any
) -> tuple[Path, dict[str, Any]]:
    job = RefitNetworkJob(
        choice=study.choice(rates, **settings),
        refit=refit,
        table=study.split,
        training=study.network_data("train"),
        validation=study.network_data("validation"),
        backbone=study.backbone(**settings),
        checkpoints=folder / "checkpoints",
    )
    out = folder / "model.keras", folder / "record.json"
    refit_network(job, study.split, "code", *out)
    return out[0], json.loads(out[1].read_text())


@pytest.mark.parametrize("weights_are_kept", [True, False])
def test_without_a_refit_the_trial_is_the_final_model(
    study: Any, tmp_path: Path, weights_are_kept: bool
) -> None:
    out = tune(study, tmp_path, keep=True)
    row = pd.read_csv(out.metrics).iloc[0]
    if not weights_are_kept:
        shutil.rmtree(tmp_path / "checkpoints")
    rates = recorded_rates(pd.read_csv(out.history), int(row["best_epoch"]))
    model, record = refit(study, tmp_path, rates, False, **TUNED)
    predictions = pd.read_csv(out.predictions)
    found = validation_probabilities(study, model)
    assert np.allclose(found.max(axis=1), predictions["confidence"], atol=1e-4)
    right = predictions["class"] == predictions["predicted"]
    assert right.mean() == pytest.approx(row["validation_accuracy"])
    assert record["training_images"] == 12


def test_a_refit_learns_from_both_partitions(study: Any, tmp_path: Path) -> None:
    settings = {**TUNED, "first_step": {"epochs": 2}}
    out = tune(study, tmp_path, keep=False, settings=settings)
    history = pd.read_csv(out.history)
    assert list(history["step"]) == ["head"] * 2 + ["network"] * 3
    model, record = refit(study, tmp_path, recorded_rates(history, best=2), True, **settings)
    assert (record["training_images"], record["epochs"]) == (18, 2)
    assert np.isfinite(validation_probabilities(study, model)).all()
    assert not (tmp_path / "checkpoints" / "refit").exists()


def test_a_soup_of_final_networks_is_made_and_scored(study: Any, tmp_path: Path) -> None:
    members = []
    for rate, trained in ((1e-3, "all"), (1e-4, "head+1")):
        settings = {
            **TUNED, "head": {"dense": [6], "batch_norm": True}, "trainable": trained,
            "optimizer": {"learning_rate": rate}, "test_time_augmentation": "flip",
        }  # fmt: skip
        folder = tmp_path / trained
        folder.mkdir()
        model, record = refit(study, folder, {"network": [rate] * 2}, True, **settings)
        members.append(
            SoupMember(trial=record["trial"], model=model, record=folder / "record.json")
        )
    files = tmp_path / "model.keras", tmp_path / "record.json"
    make_soup(AverageWeightsJob(experiment="e", members=tuple(members)), "code", *files)
    one, other, soup = (
        load_final(path).get_weights() for path in (*(m.model for m in members), files[0])
    )
    assert any((a != b).any() for a, b in zip(one, other, strict=True))
    for a, b, mean in zip(one, other, soup, strict=True):
        assert np.allclose(mean, (a.astype(float) + b) / 2, rtol=1e-6, atol=1e-8)
    record = json.loads(files[1].read_text())
    assert (record["trial"], record["refit"], record["training_images"]) == ("soup", True, 18)
    assert list(record["members"]) == [member.trial for member in members]
    rates = [one["settings"]["optimizer"]["learning_rate"] for one in record["members"].values()]
    assert rates == [1e-3, 1e-4]

    out = {"metrics": tmp_path / "metrics.json", "predictions": tmp_path / "predictions.csv"}
    array = study.data / "test" / "32.npy"
    evaluate(*files, study.split, array, EvaluateJob(experiment="e", scored_in="e"), out)
    metrics = json.loads(out["metrics"].read_text())
    assert (metrics["trial"], metrics["images"], metrics["training_images"]) == ("soup", 6, 18)
    assert len(pd.read_csv(out["predictions"])) == 6


def test_a_trial_that_is_over_is_not_trained_again(
    study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tune(study, tmp_path, keep=False)
    first = {path.name: path.read_bytes() for path in out.files}
    shutil.rmtree(tmp_path / "out")
    monkeypatch.setattr("scenery.training.network_steps.run_epochs", None)
    again = tune(study, tmp_path, keep=False)
    assert {path.name: path.read_bytes() for path in again.files} == first


def test_a_trial_that_diverges_is_a_row(study: Any, tmp_path: Path) -> None:
    wild = {
        "trainable": "all", "head": {"l2": 1e30},
        "optimizer": {"name": "SGD", "learning_rate": 100},
    }  # fmt: skip
    out = tune(study, tmp_path, keep=True, settings=wild)
    row = pd.read_csv(out.metrics).iloc[0]
    assert row["status"] == "diverged"
    assert "became" in row["reason"]
    assert np.isnan(row["validation_accuracy"])
    assert "trial" in pd.read_csv(out.history).columns
    assert pd.read_csv(out.predictions).empty
