"""compare_settings.py and assess_choice.py: from the files of an experiment to its tables."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from assess_choice import assess_choice
from compare_settings import compare_settings

from scenery.config.experiment import Choose
from scenery.evaluation.final_scores import summary_columns
from scenery.pipeline.jobs.choice import AssessJob
from scenery.pipeline.jobs.final_models import CompareJob, ScoredSetting, ScoredTrial
from scenery.reporting.reading import read_comparisons, read_scores, read_selection

IMAGES = 12


def write_split(path: Path) -> Path:
    """A split whose first two test images are duplicates."""
    rows = pd.DataFrame(
        {
            "file": [f"{n}.png" for n in range(IMAGES)], "class": "sea", "label": 0,
            "partition": "test", "row": range(IMAGES), "group": [0, 0, *range(2, IMAGES)],
            "digest": "",
        }
    )  # fmt: skip
    rows.to_csv(path, index=False)
    return path


def scored(folder: Path, setting: str, role: str, right: int, *more: str) -> ScoredSetting:
    """A setting with one final model, which is right for the first test images."""
    table = pd.DataFrame({"file": [f"{n}.png" for n in range(IMAGES)], "class": "sea"})
    table["correct"] = table.index < right
    table["predicted"] = table["correct"].map({True: "sea", False: "land"})
    table["probability:land"] = np.where(table["correct"], 0.1, 0.6)
    table["probability:sea"] = 1 - table["probability:land"]
    table.to_csv(folder / f"{setting}.csv", index=False)
    facts = {"training_images": 30}
    (folder / f"{setting}.json").write_text(json.dumps(facts), encoding="utf-8")
    trial = ScoredTrial(
        trial=f"t-{setting}", metrics=folder / f"{setting}.json",
        predictions=folder / f"{setting}.csv",
    )  # fmt: skip
    return ScoredSetting(
        experiment="NA", setting=setting, roles=(role, *more), training_set="full", trials=(trial,)
    )


def test_compare_settings_writes_scores_and_comparisons(tmp_path: Path) -> None:
    job = CompareJob(
        experiment="NA",
        scored=(scored(tmp_path, "1e5", "chosen", 9), scored(tmp_path, "b", "control", 6)),
    )
    split = write_split(tmp_path / "split.csv")
    compare_settings(job, split, tmp_path / "scores.csv", tmp_path / "comparisons.csv")
    scores = read_scores(tmp_path / "scores.csv")
    assert scores["setting"].tolist() == ["1e5", "b"]
    assert scores["test_accuracy"].tolist() == pytest.approx([0.75, 0.5])
    assert scores["independent_images"].tolist() == [11, 11]
    lows, highs = scores["test_balanced_accuracy_low"], scores["test_balanced_accuracy_high"]
    assert ((lows < scores["test_accuracy"]) & (scores["test_accuracy"] < highs)).all()
    (row,) = read_comparisons(tmp_path / "comparisons.csv").to_dict("records")
    assert (row["experiment"], row["against"], row["same"]) == ("NA", "control", False)
    assert (row["difference"], row["training_images"]) == (pytest.approx(0.25), 30)


def test_compare_settings_scores_the_ensemble_of_its_members(tmp_path: Path) -> None:
    job = CompareJob(
        experiment="NA",
        scored=(
            scored(tmp_path, "a", "chosen", 6, "ensemble member"),
            scored(tmp_path, "b", "control", 3),
            scored(tmp_path, "c", "ensemble member", 9),
        ),
    )
    split = write_split(tmp_path / "split.csv")
    compare_settings(job, split, tmp_path / "scores.csv", tmp_path / "comparisons.csv")
    scores = read_scores(tmp_path / "scores.csv").set_index("setting")
    assert scores.index.tolist() == ["a", "b", "c", "ensemble"]
    # Where one member is right, it is surer than the other one.
    assert scores.loc["ensemble", "test_accuracy"] == pytest.approx(0.75)
    assert scores.loc["ensemble", "trial"] == "ensemble"
    compared = read_comparisons(tmp_path / "comparisons.csv").set_index("against")
    assert compared.index.tolist() == ["control", "ensemble"]
    assert compared.loc["ensemble", "difference"] == pytest.approx(-0.25)


def test_compare_settings_scores_the_soup_like_a_setting(tmp_path: Path) -> None:
    job = CompareJob(
        experiment="NA",
        scored=(
            scored(tmp_path, "a", "chosen", 6, "ensemble member", "soup member"),
            scored(tmp_path, "b", "control", 3, "ensemble member"),
            scored(tmp_path, "c", "soup member", 4),
            scored(tmp_path, "soup", "soup", 12),
        ),
    )
    split = write_split(tmp_path / "split.csv")
    compare_settings(job, split, tmp_path / "scores.csv", tmp_path / "comparisons.csv")
    scores = read_scores(tmp_path / "scores.csv").set_index("setting")
    assert scores.index.tolist() == ["a", "b", "c", "soup", "ensemble"]
    # A member of the soup is none of the ensemble, and the soup is none either.
    assert scores["test_accuracy"].tolist() == pytest.approx([0.5, 0.25, 4 / 12, 1, 0.5])
    compared = read_comparisons(tmp_path / "comparisons.csv").set_index("against")
    assert compared.index.tolist() == ["control", "ensemble", "soup"]
    assert compared.loc["soup", "difference"] == pytest.approx(-0.5)
    assert compared.loc["soup", "against_setting"] == "soup"


def test_compare_settings_writes_means_of_all_measures(tmp_path: Path) -> None:
    setting = scored(tmp_path, "a", "chosen", 9)
    (first,) = setting.trials
    again = first.model_copy(update={"metrics": tmp_path / "again.json"})
    for trial, top in ((first, 0.9), (again, 1.0)):
        measures = {"training_images": 30, "macro_precision": 0.5, "top_5": top}
        trial.metrics.write_text(json.dumps(measures), encoding="utf-8")
    job = CompareJob(
        experiment="e", scored=(setting.model_copy(update={"trials": (first, again)}),)
    )
    split = write_split(tmp_path / "split.csv")
    compare_settings(job, split, tmp_path / "scores.csv", tmp_path / "comparisons.csv")
    table = read_scores(tmp_path / "scores.csv")
    assert summary_columns(table)["test_top_5"].tolist() == pytest.approx([0.95])
    assert table["test_macro_precision"].tolist() == pytest.approx([0.5])
    # What a model does not have, such as top-5 accuracy of five classes, is empty.
    assert table["test_macro_f1"].isna().all()


def test_compare_settings_nothing_to_compare_with_is_an_empty_table(tmp_path: Path) -> None:
    job = CompareJob(experiment="e", scored=(scored(tmp_path, "a", "chosen", 9),))
    split = write_split(tmp_path / "split.csv")
    compare_settings(job, split, tmp_path / "scores.csv", tmp_path / "comparisons.csv")
    assert len(read_comparisons(tmp_path / "comparisons.csv")) == 0


def test_assess_choice_joins_the_predictions_of_all_jobs(tmp_path: Path) -> None:
    trials = pd.DataFrame(
        {
            "trial": ["1", "2"], "setting": ["a", "b"], "repeat": 0, "status": "completed",
            "candidate": True, "chosen": [True, False], "validation_accuracy": [0.75, 0.5],
            "validation_loss": 0.5, "parameters": 10,
        }
    )  # fmt: skip
    trials.to_csv(tmp_path / "trials.csv", index=False)
    columns = ["trial", "step", "epoch", "validation_accuracy"]
    pd.DataFrame(columns=columns).to_csv(tmp_path / "history.csv", index=False)
    files = []
    for trial, right in (("1", 9), ("2", 6)):
        rows = pd.DataFrame({"file": [f"{n}.png" for n in range(IMAGES)], "class": "None"})
        rows = rows.assign(trial=trial, confidence=0.5)
        rows["predicted"] = ["None" if n < right else "NA" for n in range(IMAGES)]
        files.append(tmp_path / f"{trial}.csv")
        rows.to_csv(files[-1], index=False)
    assess_choice(
        AssessJob(how=Choose()), tmp_path / "trials.csv", tmp_path / "history.csv", files,
        write_split(tmp_path / "split.csv"), tmp_path / "selection.csv",
    )  # fmt: skip
    table = read_selection(tmp_path / "selection.csv")
    assert table["trial"].tolist() == ["1", "2"]
    assert table["to_chosen"].tolist()[1] == pytest.approx(-0.25)
    assert table["corrected_accuracy"].notna().tolist() == [True, False]
