"""fit_classifiers.py, refit_classifier.py, evaluate.py: a classical model from trial to score."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from evaluate import evaluate
from fit_classifiers import fit_classifiers
from refit_classifier import refit_classifier

from scenery.classical import classifiers
from scenery.data.feature_files import read_features
from scenery.data.tables import partition_table, read_split
from scenery.errors import UserError
from scenery.evaluation.result_tables import read_results
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.features import VectorsSpec
from scenery.pipeline.jobs.final_models import EvaluateJob
from scenery.pipeline.jobs.trials import FeatureTrial, FeatureTrialsJob
from scenery.reporting.reading import read_history
from scenery.study.features import plain_features

SVM = {"classifier": {"name": "svm", "C": 10}}
NEIGHBORS = {"classifier": {"name": "nearest_neighbors", "n_neighbors": 2}}
TABLES = ("metrics", "history", "predictions")


def fit(study: Any, folder: Path, *trials: FeatureTrial) -> dict[str, pd.DataFrame]:
    out = [folder / f"{name}.csv" for name in TABLES]
    job = FeatureTrialsJob(trials=trials, finished=folder / "finished")
    fit_classifiers(job, study.split, "code", *out)
    return {path.stem: read_results(path) for path in out}


def test_one_row_a_trial_and_no_epochs(study: Any, tmp_path: Path) -> None:
    trials = [study.trial(**SVM), study.trial(**NEIGHBORS)]
    found = fit(study, tmp_path, *trials)
    metrics = found["metrics"]
    assert list(metrics["trial"]) == [trial.id for trial in trials]
    assert set(metrics["status"]) == {"completed"}
    assert set(metrics["best_epoch"]) == set(metrics["epochs_run"]) == {0}
    backbone = json.loads(trials[0].validation.facts.read_text())["parameters"]
    assert (metrics["parameters"] - metrics["trained_parameters"] == backbone).all()
    assert metrics["trained_parameters"][1] == 12 * (128 + 1) + 2 * 128
    assert len(found["history"]) == 0
    assert {"trial", "epoch", "learning_rate"} <= set(found["history"])
    assert len(read_history(tmp_path / "history.csv")) == 0
    for trial, accuracy in zip(trials, metrics["validation_accuracy"], strict=True):
        rows = found["predictions"][found["predictions"]["trial"] == trial.id]
        assert len(rows) == 6
        assert (rows["class"] == rows["predicted"]).mean() == pytest.approx(accuracy)


def test_what_is_done_is_not_done_again(
    study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fit(study, tmp_path, study.trial(**SVM))
    monkeypatch.setattr("scenery.classical.classifiers.fit", None)
    after = fit(study, tmp_path, study.trial(**SVM))
    for name in TABLES:
        pd.testing.assert_frame_equal(before[name], after[name])


def test_more_neighbors_than_images_stop_before_anything_is_fitted(
    study: Any, tmp_path: Path
) -> None:
    many = {"classifier": {"name": "nearest_neighbors", "n_neighbors": 13}}
    with pytest.raises(UserError, match=r"13 neighbors are asked for, and there are 12 training"):
        fit(study, tmp_path, study.trial(**SVM), study.trial(**many))
    assert not (tmp_path / "finished").exists()


def test_a_model_that_cannot_be_fitted_is_a_row(study: Any, tmp_path: Path) -> None:
    wanted = {"classifier": {"name": "svm", "kernel": "histogram_intersection"}}
    trial = study.trial(**wanted)
    values = np.load(trial.training.array)
    negative = ArrayFiles(array=tmp_path / "train.npy", facts=trial.training.facts)
    np.save(negative.array, values - values.max())
    below = trial.model_copy(update={"training": negative})
    found = fit(study, tmp_path, below, study.trial(**SVM))
    assert list(found["metrics"]["status"]) == ["failed", "completed"]
    assert "values from 0" in found["metrics"]["reason"][0]
    assert np.isnan(found["metrics"]["validation_accuracy"][0])
    assert set(found["predictions"]["trial"]) == {study.trial(**SVM).id}


def refitted(study: Any, folder: Path, refit: bool, **changes: Any) -> tuple[Path, dict[str, Any]]:
    job = study.refit_features(study.choice({}, **changes), refit)
    out = folder / "model.skops", folder / "record.json"
    refit_classifier(job, study.split, "code", *out)
    return out[0], json.loads(out[1].read_text())


@pytest.mark.parametrize("refit", [True, False])
def test_the_final_model(study: Any, tmp_path: Path, refit: bool) -> None:
    model, record = refitted(study, tmp_path, refit, **SVM)
    assert (record["refit"], record["epochs"]) == (refit, 0)
    images = 18 if refit else 12
    assert record["training_images"] == images
    _, of_neighbors = refitted(study, tmp_path, refit, **NEIGHBORS)
    assert of_neighbors["stored_numbers"] == images * (128 + 1) + 2 * 128
    if refit:
        return
    # Without a refit the final model is the trial's own.
    model, _ = refitted(study, tmp_path, refit, **SVM)
    validation = read_features(
        study.trial(**SVM).validation.array,
        study.trial(**SVM).validation.facts,
        partition_table(read_split(study.split), "validation"),
    )
    given = classifiers.probabilities(classifiers.load(model), validation.values, 3)
    of_trial = fit(study, tmp_path, study.trial(**SVM))["predictions"]["confidence"]
    assert np.allclose(given.max(axis=1), of_trial, atol=1e-5)


def test_the_final_model_is_scored_on_the_test_images(study: Any, tmp_path: Path) -> None:
    model, _ = refitted(study, tmp_path, True, **NEIGHBORS)
    out = {name: tmp_path / f"{name}.csv" for name in ("predictions", "confusion", "classes")}
    out |= {"metrics": tmp_path / "metrics.json", "mistakes": tmp_path / "mistakes.npz"}
    features = plain_features(study.settings(**NEIGHBORS))
    vectors = VectorsSpec(features=features, weights=None, codebook=None)
    evaluate(
        model, tmp_path / "record.json", study.split, study.data / "test" / "32.npy",
        EvaluateJob(experiment="e", scored_in="e", vectors=vectors), out,
    )  # fmt: skip
    table, metrics = pd.read_csv(out["predictions"]), json.loads(out["metrics"].read_text())
    # The classes differ in brightness, which neighbors see.
    assert metrics["accuracy"] == table["correct"].mean() == 1
    assert set(table["probability:coast"]) <= {0, 0.5, 1}


def test_vectors_of_test_images_are_made_as_features_are(study: Any) -> None:
    """The same images give the same vectors on both ways, or a score would mean nothing."""
    from scenery.data.packed_images import open_packed
    from scenery.inference.vectors import extract_vectors

    table = partition_table(read_split(study.split), "validation")
    images = open_packed(study.data / "validation" / "32.npy", table)
    features = plain_features(study.settings(**SVM))
    kept = np.load(study.trial(**SVM).validation.array)
    assert np.allclose(extract_vectors(images, features, None), kept[table["row"]], atol=1e-5)
