"""score_division.py and compare_divisions.py: an experiment in other divisions of the images."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from compare_divisions import compare_divisions
from fit_classifiers import fit_classifiers
from score_division import score_division
from train_heads import train_heads

from scenery.config.experiment import Choose
from scenery.data.tables import read_split, write_table
from scenery.evaluation.result_tables import read_results
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.divisions import (
    CompareDivisionsJob,
    DividedExperiment,
    DivisionJob,
    DivisionTrial,
)
from scenery.pipeline.jobs.trials import FeatureTrialsJob
from scenery.study.resampling import Resampling

FOLDS = Resampling(folds=3, repeats=1, seed=1, keep_given=True)
PARTS = ("train", "validation", "test")
LINEAR = {"head": {"solver": "lbfgs"}}
SVM = {"classifier": {"name": "svm", "C": 10}}


@pytest.fixture(scope="module")
def features(study: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[ArrayFiles, ...]:
    """Features of all images, of which those of the test images are new."""
    folder = tmp_path_factory.mktemp("features")
    random, split = np.random.default_rng(1), read_split(study.split)
    labels = split.loc[split["partition"] == "test", "label"].to_numpy()
    known = np.load(study.array("features", "plain", "train").array)
    values = known[random.integers(0, len(known), len(labels))] + labels[:, None]
    np.save(folder / "test.npy", values.astype(np.float32))
    facts = study.array("features", "plain", "train").facts.read_text()
    (folder / "test.json").write_text(facts)
    test = ArrayFiles(array=folder / "test.npy", facts=folder / "test.json")
    return (*(study.array("features", "plain", part) for part in PARTS[:2]), test)


def trial(study: Any, files: tuple[ArrayFiles, ...], **changes: Any) -> DivisionTrial:
    known = study.trial(**changes)
    return DivisionTrial(
        id=known.id, setting=known.id, candidate=True, settings=known.settings,
        training=files, plain=files,
    )  # fmt: skip


def job(*trials: DivisionTrial, **changes: Any) -> DivisionJob:
    values: dict[str, Any] = {"refit": True, "resampling": FOLDS, "how": Choose()}
    values["division"] = 1
    return DivisionJob(experiment="e", trials=trials, **(values | changes))


def divided(study: Any, folder: Path) -> Path:
    """Another division: the two last training images of each class are test images."""
    split = read_split(study.split)
    train = split["partition"] == "train"
    number = split[train].groupby("class").cumcount().reindex(split.index, fill_value=0)
    partition = split["partition"].mask(split["partition"] == "test", "train")
    table = split.assign(partition=partition.mask(train & (number >= 2), "test"))
    table["row"] = table.groupby("partition").cumcount()
    write_table(table, folder / "1.csv")
    return folder / "1.csv"


def score(one: DivisionJob, study: Any, division: Path, folder: Path) -> tuple[Any, pd.DataFrame]:
    out = folder / "choice.json", folder / "predictions.csv"
    score_division(one, study.split, division, *out)
    return json.loads(out[0].read_text()), read_results(out[1])


@pytest.mark.parametrize(
    ("script", "settings"),
    [(train_heads, {}), (train_heads, LINEAR), (fit_classifiers, SVM)],
    ids=["epochs", "lbfgs", "svm"],
)
def test_the_division_of_the_study_gives_the_accuracy_of_the_study(
    study: Any, features: Any, tmp_path: Path, script: Any, settings: dict[str, Any]
) -> None:
    known = FeatureTrialsJob(
        trials=(study.trial(folds=FOLDS, **settings),), finished=tmp_path / "finished"
    )
    out = [tmp_path / f"{name}.csv" for name in ("metrics", "history", "predictions_of_trial")]
    script(known, study.split, "code", *out)
    found, predictions = score(
        job(trial(study, features, **settings)), study, study.split, tmp_path
    )
    expected = read_results(out[0])["validation_accuracy"].iloc[0]
    assert found["validation_accuracy"] == pytest.approx(expected)
    split = read_split(study.split)
    assert sorted(predictions["file"]) == sorted(split.loc[split["partition"] == "test", "file"])
    assert found["test_accuracy"] == pytest.approx(predictions["correct"].mean())
    assert (found["training_images"], found["test_images"]) == (18, 6)


@pytest.mark.parametrize("folds", [FOLDS, None], ids=["folds", "share"])
def test_no_division_learns_from_its_test_images(
    study: Any, features: Any, tmp_path: Path, folds: Resampling | None
) -> None:
    division = divided(study, tmp_path)
    test = read_split(division)
    test = test[test["partition"] == "test"]
    # The features of its test images become noise, in the array of the study's training images.
    rows = read_split(study.split).set_index("file").loc[test["file"], "row"].to_numpy()
    values = np.load(features[0].array)
    values[rows] = np.random.default_rng(0).normal(0, 100, (len(rows), values.shape[1]))
    np.save(tmp_path / "train.npy", values)
    other = (ArrayFiles(array=tmp_path / "train.npy", facts=features[0].facts), *features[1:])
    results = []
    for files in (features, other):
        trials = [trial(study, files, **one) for one in ({}, LINEAR, SVM)]
        results.append(score(job(*trials, resampling=folds), study, division, tmp_path))
    (first, predicted), (second, of_noise) = results
    for name in ("trial", "validation_accuracy", "training_images"):
        assert first[name] == second[name], name
    assert sorted(predicted["file"]) == sorted(test["file"])
    assert not predicted["confidence"].equals(of_noise["confidence"])


def test_what_may_not_be_chosen_is_not_chosen_and_a_failure_is_a_value(
    study: Any, features: Any, tmp_path: Path
) -> None:
    division = divided(study, tmp_path)
    best = trial(study, features, **LINEAR).model_copy(update={"candidate": False})
    many = {"classifier": {"name": "nearest_neighbors", "n_neighbors": 100}}
    other = trial(study, features, **many)
    found, predictions = score(job(best, other), study, division, tmp_path)
    assert "none of its 1 trials can be chosen" in found["reason"]
    assert "test_accuracy" not in found and predictions.empty
    found, _ = score(job(best, trial(study, features, **SVM)), study, division, tmp_path)
    assert found["trial"] == trial(study, features, **SVM).id


def test_compare_divisions_has_a_row_for_each_division_and_for_what_is_left_out(
    study: Any, features: Any, tmp_path: Path
) -> None:
    division = divided(study, tmp_path)
    one = trial(study, features, **SVM)
    paths = []
    for number, table in enumerate((study.split, division)):
        (tmp_path / str(number)).mkdir()
        score(job(one, division=number), study, table, tmp_path / str(number))
        paths.append(tmp_path / str(number) / "choice.json")
    trials = pd.DataFrame({"setting": [one.setting], "name": ["svm"], "chosen": [True]})
    trials.to_csv(tmp_path / "trials.csv", index=False)
    all_of_it = CompareDivisionsJob(
        experiments=(
            DividedExperiment(experiment="e", trials=tmp_path / "trials.csv", choices=tuple(paths)),
        ),
        left_out={"net": "it trains networks"},
    )
    compare_divisions(all_of_it, tmp_path / "divisions.csv")
    table = read_results(tmp_path / "divisions.csv")
    assert list(table["experiment"]) == ["e", "e", "net"]
    assert list(table["as_study"][:2]) == [True, True]
    assert table["reason"].iloc[2] == "it trains networks"
