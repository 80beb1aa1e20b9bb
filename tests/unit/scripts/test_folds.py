"""Trials that are scored in folds: heads of both solvers and classical models."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fit_classifiers import fit_classifiers
from refit_head import refit_head
from train_heads import train_heads

from scenery.data.packed_images import open_packed
from scenery.data.tables import partition_table, read_split, write_table
from scenery.errors import UserError
from scenery.evaluation.result_tables import read_results
from scenery.inference.final_model import load_final, predict
from scenery.pipeline.jobs.trials import FeatureTrial, FeatureTrialsJob
from scenery.study.resampling import Resampling

FOLDS = Resampling(folds=3, repeats=2, seed=1, keep_given=True)
LINEAR = {"head": {"solver": "lbfgs"}}
SVM = {"classifier": {"name": "svm", "C": 10}}
TABLES = ("metrics", "history", "predictions")


def run(script: Any, split: Path, folder: Path, *trials: FeatureTrial) -> dict[str, pd.DataFrame]:
    out = [folder / f"{name}.csv" for name in TABLES]
    job = FeatureTrialsJob(trials=trials, finished=folder / "finished")
    script(job, split, "code", *out)
    return {path.stem: read_results(path) for path in out}


@pytest.mark.parametrize(
    ("script", "settings"),
    [(train_heads, {}), (train_heads, LINEAR), (fit_classifiers, SVM)],
    ids=["epochs", "lbfgs", "svm"],
)
def test_every_image_is_held_out_once_in_each_repeat(
    study: Any, tmp_path: Path, script: Any, settings: dict[str, Any]
) -> None:
    found = run(script, study.split, tmp_path, study.trial(folds=FOLDS, **settings))
    row = found["metrics"].iloc[0]
    assert (row["status"], row["validation_images"]) == ("completed", 18)
    assert row["temperature"] > 0
    assert 0 <= row["calibration_error_scaled"] <= 1
    split = read_split(study.split)
    files = sorted(split.loc[split["partition"] != "test", "file"])
    predictions = found["predictions"]
    for repeat, rows in predictions.groupby("repeat"):
        assert sorted(rows["file"]) == files
        assert sorted(rows["fold"].value_counts()) == [6, 6, 6], repeat
    right = (predictions["class"] == predictions["predicted"]).mean()
    assert row["validation_accuracy"] == pytest.approx(right)
    first, second = (rows.set_index("file")["fold"] for _, rows in predictions.groupby("repeat"))
    assert not first.equals(second[first.index])


def test_groups_are_held_out_together(study: Any, tmp_path: Path) -> None:
    split = read_split(study.split)
    table = split.assign(group=split.groupby("class").cumcount() // 2 + 10 * split["label"])
    path = tmp_path / "split.csv"
    write_table(table, path)
    trial = study.trial(folds=FOLDS, **SVM).model_copy(update={"table": path})
    predictions = run(fit_classifiers, path, tmp_path, trial)["predictions"]
    groups = predictions["file"].map(table.set_index("file")["group"])
    assert (predictions.groupby(["repeat", groups])["fold"].nunique() == 1).all()


@pytest.mark.parametrize("keep_given", [True, False])
def test_a_given_validation_partition_is_used_unless_folds_are_asked_for(
    study: Any, tmp_path: Path, keep_given: bool
) -> None:
    split = read_split(study.split)
    path = tmp_path / "split.csv"
    write_table(split.assign(given=True), path)
    folds = Resampling(folds=3, repeats=1, seed=1, keep_given=keep_given)
    trial = study.trial(folds=folds, **LINEAR).model_copy(update={"table": path})
    predictions = run(train_heads, path, tmp_path, trial)["predictions"]
    assert len(predictions) == (6 if keep_given else 18)


def test_more_neighbors_than_a_fold_leaves_stop_before_anything_is_fitted(
    study: Any, tmp_path: Path
) -> None:
    many = {"classifier": {"name": "nearest_neighbors", "n_neighbors": 13}}
    with pytest.raises(UserError, match=r"13 neighbors are asked for, and there are 12 training"):
        run(fit_classifiers, study.split, tmp_path, study.trial(folds=FOLDS, **many))


@pytest.mark.parametrize("refit", [True, False])
def test_the_final_linear_head_is_a_keras_model(study: Any, tmp_path: Path, refit: bool) -> None:
    job = study.refit_features(study.choice({}, **LINEAR), refit, FOLDS if refit else None)
    model = tmp_path / "model.keras"
    refit_head(job, study.split, "code", model, tmp_path / "record.json")
    record = pd.read_json(tmp_path / "record.json", typ="series")
    assert (record["training_images"], record["epochs"]) == (18 if refit else 12, 0)
    assert record["C"] > 0
    table = partition_table(read_split(study.split), "validation")
    images = open_packed(study.data / "validation" / "32.npy", table)
    predicted = predict(load_final(model), images)
    assert np.allclose(predicted.sum(axis=1), 1, atol=1e-5)
    if not refit:
        # Without a refit the final model is the trial's own.
        trial = run(train_heads, study.split, tmp_path, study.trial(**LINEAR))
        confidence = trial["predictions"]["confidence"]
        assert np.allclose(predicted.max(axis=1), confidence, atol=1e-3)
