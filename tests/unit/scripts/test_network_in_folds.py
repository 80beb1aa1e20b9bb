"""fine_tune_fold.py and join_folds.py: a fine-tuned trial that is scored in folds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from fine_tune_fold import fine_tune_fold
from join_folds import Outputs, join_trial

from scenery.data.tables import read_split, write_table
from scenery.evaluation.result_tables import read_results
from scenery.pipeline.jobs.trials import FineTuneFoldJob, FoldResult, JoinFoldsJob
from scenery.study.resampling import FoldSpec, Resampling
from scenery.training.epochs import run_epochs

FOLDS = Resampling(folds=3, repeats=1, seed=1, keep_given=False)
SETTINGS = {
    "trainable": "all", "head": {"dropout": 0.3}, "optimizer": {"learning_rate": 1e-3},
    "first_step": {"epochs": 2, "learning_rate": 0.01}, "epochs": 2,
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def as_in_a_job() -> None:
    """Jobs ask TensorFlow for repeatable sums."""
    tf.config.experimental.enable_op_determinism()


def result(folder: Path) -> FoldResult:
    folder.mkdir(parents=True, exist_ok=True)
    return FoldResult(
        outcome=folder / "outcome.json",
        history=folder / "history.csv",
        predictions=folder / "predictions.npy",
    )


def tune(
    study: Any, folder: Path, fold: FoldSpec, split: Path | None = None, **changes: Any
) -> FoldResult:
    settings = {**SETTINGS, **changes}
    trial = study.trial(**settings)
    out = result(folder / fold.id)
    job = FineTuneFoldJob(
        trial=trial.id,
        settings=trial.settings,
        backbone=study.backbone(**settings),
        table=split or study.split,
        training=study.network_data("train"),
        validation=study.network_data("validation"),
        checkpoints=folder / "checkpoints" / fold.id,
        fold=fold,
    )
    fine_tune_fold(job, split or study.split, "code", out)
    return out


def join(study: Any, folder: Path, folds: list[FoldResult]) -> dict[str, pd.DataFrame]:
    trial = study.trial(**SETTINGS)
    job = JoinFoldsJob(
        trial=trial.id,
        settings=trial.settings,
        table=study.split,
        resampling=FOLDS,
        folds=(tuple(folds),),
    )
    names = ("metrics", "history", "predictions")
    out = Outputs(*(folder / f"{name}.csv" for name in names), record=folder / "record.json")
    join_trial(job, study.split, "code", out)
    return {name: read_results(getattr(out, name)) for name in names}


@pytest.fixture(scope="module")
def folder(study: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial in three folds."""
    made = tmp_path_factory.mktemp("folds")
    for fold in FOLDS.by_repeat[0]:
        tune(study, made, fold)
    return made


def test_every_image_is_held_out_once(study: Any, folder: Path) -> None:
    folds = [result(folder / fold.id) for fold in FOLDS.by_repeat[0]]
    found = join(study, folder, folds)
    split = read_split(study.split)
    rows = found["predictions"]
    assert sorted(rows["file"]) == sorted(split.loc[split["partition"] != "test", "file"])
    assert rows["fold"].value_counts().tolist() == [6, 6, 6]
    metrics = found["metrics"].iloc[0]
    assert (metrics["status"], metrics["validation_images"]) == ("completed", 18)
    right = (rows["class"] == rows["predicted"]).mean()
    assert metrics["validation_accuracy"] == pytest.approx(right)
    assert list(found["history"]["step"]) == ["head", "head", "network", "network"]
    seconds = sum(json.loads(fold.outcome.read_text())["seconds"] for fold in folds)
    assert metrics["seconds"] == pytest.approx(seconds, abs=0.01)


def test_a_fold_learns_from_no_image_that_it_holds_out(
    study: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, tuple[str, ...]] = {}

    def look(learner: Any, *args: Any) -> Any:
        seen["learned"], seen["held_out"] = learner.images.files, learner.validation.files
        return run_epochs(learner, *args)

    monkeypatch.setattr("scenery.training.network_steps.run_epochs", look)
    fold = FOLDS.by_repeat[0][1]
    again = tune(study, tmp_path, fold)
    assert (len(seen["learned"]), len(seen["held_out"])) == (12, 6)
    assert not set(seen["learned"]) & set(seen["held_out"])
    first = np.load(result(folder / fold.id).predictions)
    assert np.array_equal(np.load(again.predictions), first)


def test_a_killed_fold_goes_on_with_its_predictions(
    study: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(learner: Any, plan: Any, name: str, run: Any, keep: Any) -> Any:
        def kill(so_far: Any, improved: bool) -> None:
            keep(so_far, improved)
            raise KeyboardInterrupt

        return run_epochs(learner, plan, name, run, kill)

    fold = FOLDS.by_repeat[0][0]
    with monkeypatch.context() as patch:
        patch.setattr("scenery.training.network_steps.run_epochs", killed)
        with pytest.raises(KeyboardInterrupt):
            tune(study, tmp_path, fold)
    found = np.load(tune(study, tmp_path, fold).predictions)
    assert np.array_equal(found, np.load(result(folder / fold.id).predictions))
    # The results of a finished fold are found, and nothing is trained.
    monkeypatch.setattr("scenery.training.network_steps.run_epochs", None)
    assert tune(study, tmp_path, fold).history.is_file()


def test_a_fold_that_diverges_ends_the_trial(study: Any, folder: Path, tmp_path: Path) -> None:
    folds = [result(folder / fold.id) for fold in FOLDS.by_repeat[0]]
    outcome = json.loads(folds[1].outcome.read_text())
    changed = tmp_path / "outcome.json"
    reason = "training loss became nan in epoch 1"
    changed.write_text(json.dumps({**outcome, "status": "diverged", "reason": reason}))
    folds[1] = folds[1].model_copy(update={"outcome": changed})
    found = join(study, tmp_path, folds)
    metrics = found["metrics"].iloc[0]
    assert (metrics["status"], metrics["reason"]) == ("diverged", f"fold 2 of 3: {reason}")
    assert found["predictions"].empty


def test_a_fold_that_a_small_data_set_does_not_have_is_empty(study: Any, tmp_path: Path) -> None:
    split = read_split(study.split)
    # Two groups in each class, so there are two folds.
    grouped = split.assign(group=split.groupby("class").cumcount() % 2 + 10 * split["label"])
    path = tmp_path / "split.csv"
    write_table(grouped, path)
    out = tune(study, tmp_path, FOLDS.by_repeat[0][2], path)
    assert json.loads(out.outcome.read_text())["status"] is None
    assert np.load(out.predictions).shape == (0, 0, 3)
