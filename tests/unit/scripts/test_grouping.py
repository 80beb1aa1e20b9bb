"""score_grouping.py: what a model gains from images of groups that it has learned from."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from score_grouping import score_grouping

from scenery.data.tables import write_table
from scenery.pipeline.jobs.base import ArrayFiles
from scenery.pipeline.jobs.divisions import GroupingJob
from scenery.reporting.leakage import leakage_figure
from scenery.reporting.reading import read_grouping
from scenery.study.resampling import Resampling

FOLDS = Resampling(folds=4, repeats=2, seed=1, keep_given=False)
GROUPS, SIZE = 16, 4


def write_patients(folder: Path, sizes: int) -> ArrayFiles:
    """Images of 16 patients, which are alike, with a class that only the patient tells."""
    random = np.random.default_rng(0)
    patients = np.repeat(np.arange(GROUPS), sizes)
    values = random.normal(0, 1, (GROUPS, 30))[patients] + random.normal(
        0, 0.1, (len(patients), 30)
    )
    np.save(folder / "all.npy", values.astype(np.float32))
    (folder / "all.json").write_text(json.dumps({"views": 0, "parameters": 5}))
    parts = np.where(np.arange(len(patients)) % 8 < 6, "train", "validation")
    table = pd.DataFrame(
        {
            "file": [f"{n:03}.png" for n in range(len(patients))],
            "class": np.where(patients % 2, "sick", "well"), "label": patients % 2,
            "partition": parts, "row": np.arange(len(patients)), "group": patients,
            "digest": "", "given": False,
        }
    )  # fmt: skip
    write_table(table, folder / "split.csv")
    return ArrayFiles(array=folder / "all.npy", facts=folder / "all.json")


def score(study: Any, folder: Path, sizes: int) -> pd.Series:
    files = write_patients(folder, sizes)
    trial = study.trial(folds=FOLDS, classifier={"name": "svm", "C": 10})
    folds = trial.folds.model_copy(update={"training": files, "validation": files})
    changes = {"table": folder / "split.csv", "training": files, "validation": files}
    job = GroupingJob(experiment="e", trial=trial.model_copy(update={**changes, "folds": folds}))
    score_grouping(job, folder / "split.csv", folder / "grouping.csv")
    return read_grouping(folder / "grouping.csv").iloc[0]


def test_parted_groups_promise_what_new_groups_do_not_give(study: Any, tmp_path: Path) -> None:
    row = score(study, tmp_path, SIZE)
    assert row["ungrouped_accuracy"] > 0.95
    assert row["grouped_accuracy"] < 0.75
    assert row["difference"] > 0.2 and row["p_value"] < 0.01
    assert (row["images"], row["independent_images"]) == (GROUPS * SIZE, GROUPS)
    assert row["grouped_low"] < row["grouped_accuracy"] < row["grouped_high"]
    figure = leakage_figure({"e": pd.DataFrame([row])}, {"e": "Patients"})
    words = [text.get_text() for text in figure.findobj(lambda item: hasattr(item, "get_text"))]
    assert f"{row['difference']:+.3f}" in words and "Patients" in words


def test_images_that_are_independent_pay_nothing(study: Any, tmp_path: Path) -> None:
    row = score(study, tmp_path, 1)
    assert (row["difference"], row["images"]) == (0, row["independent_images"])
