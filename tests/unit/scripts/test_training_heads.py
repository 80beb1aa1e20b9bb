"""train_heads.py: what is done is not done again."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import train_heads as script

from scenery.evaluation.trial_batches import names
from scenery.pipeline.jobs.trials import FeatureTrial, FeatureTrialsJob
from scenery.study.successive_halving import Ranking
from scenery.training import head_trials


class Shard:
    """Calls of the script in a folder of their own; counts the trials that were trained."""

    def __init__(self, study: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.study, self.folder = study, folder
        self.trained: list[str] = []
        original = script.train_head

        def counted(trial: FeatureTrial, *arguments: Any, **more: Any) -> Any:
            self.trained.append(trial.id)
            return original(trial, *arguments, **more)

        monkeypatch.setattr(script, "train_head", counted)

    def run(self, *trials: FeatureTrial, code: str = "code", threads: int = 1) -> list[str]:
        """Trials that were trained by this call."""
        self.trained = []
        out = [self.folder / f"{name}.csv" for name in ("metrics", "history", "predictions")]
        job = FeatureTrialsJob(trials=trials, finished=self.folder / "finished")
        script.train_heads(job, self.study.split, code, *out, threads)
        return self.trained

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / f"{name}.csv")


@pytest.fixture
def shard(study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shard:
    copy = replace(study, folder=tmp_path / "study")
    shutil.copytree(study.folder, copy.folder)
    return Shard(copy, tmp_path, monkeypatch)


def test_one_row_a_trial(shard: Shard) -> None:
    one, two = shard.study.trial(), shard.study.trial(head={"dense": [5]})
    assert shard.run(one, two) == [one.id, two.id]
    metrics = shard.table("metrics")
    assert list(metrics["trial"]) == [one.id, two.id]
    assert set(metrics["status"]) == {"completed"}
    facts = json.loads(one.validation.facts.read_text())
    shape = np.load(one.validation.array, mmap_mode="r").shape
    # Mean and variance of each feature are no trained parameters.
    fixed = facts["parameters"] + 2 * shape[-1]
    assert (metrics["parameters"] - metrics["trained_parameters"] == fixed).all()
    assert len(shard.table("history")) == 2 * 3
    predictions = shard.table("predictions")
    assert len(predictions) == 2 * 6
    assert set(predictions["fold"]) == set(predictions["repeat"]) == {0}
    of_one = predictions[predictions["trial"] == one.id]
    right = (of_one["class"] == of_one["predicted"]).mean()
    assert right == pytest.approx(metrics["validation_accuracy"][0])


def test_an_added_trial_is_the_only_one_trained(shard: Shard) -> None:
    old = [shard.study.trial(epochs=n) for n in (1, 2)]
    shard.run(*old)
    before = shard.table("metrics")
    new = shard.study.trial(epochs=3)
    assert shard.run(old[0], new, old[1]) == [new.id]
    after = shard.table("metrics")
    assert list(after["trial"]) == [old[0].id, new.id, old[1].id]
    kept = after[after["trial"] != new.id].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before)
    assert shard.run(new) == []


def test_what_a_result_depends_on_trains_again(shard: Shard) -> None:
    trial = shard.study.trial()
    shard.run(trial)
    assert shard.run(trial, code="other code") == [trial.id]
    assert shard.run(trial, code="other code") == []
    for path in (
        trial.training.facts,
        trial.validation.facts,
        shard.study.split,
    ):
        content = path.read_text()
        path.write_text(
            content.replace("of ", "from ") if path.suffix == ".json" else content + "\n"
        )
        assert shard.run(trial) == [trial.id], path
        assert shard.run(trial) == []


def test_a_killed_job_goes_on(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = [shard.study.trial(epochs=n) for n in (1, 2, 3)]
    original = head_trials.run_epochs

    def killed(learner: Any, plan: Any, *arguments: Any, **more: Any) -> Any:
        if plan.epochs == 2:
            raise KeyboardInterrupt
        return original(learner, plan, *arguments, **more)

    with monkeypatch.context() as context:
        context.setattr(head_trials, "run_epochs", killed)
        with pytest.raises(KeyboardInterrupt):
            shard.run(*trials)
    assert shard.run(*trials) == [trials[1].id, trials[2].id]


def test_a_new_default_trains_again(shard: Shard) -> None:
    """The id leaves out what is at its default, so that it stays when a default changes."""
    trial = shard.study.trial()
    shard.run(trial)
    settings = trial.settings.model_copy(update={"batch_size": 7})
    changed = trial.model_copy(update={"settings": settings})
    assert shard.run(changed) == [trial.id]
    assert shard.run(trial) == []


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_damaged_result_is_trained_again(shard: Shard, content: str) -> None:
    trial = shard.study.trial()
    shard.run(trial)
    (done,) = (shard.folder / "finished").iterdir()
    done.write_text(content)
    assert shard.run(trial) == [trial.id]
    assert shard.table("metrics")["status"][0] == "completed"


def test_results_do_not_depend_on_their_company(shard: Shard) -> None:
    first, second = (shard.study.trial(head={"dropout": 0.5}, seed=seed) for seed in (0, 1))
    shard.run(first, second)
    together = shard.table("history").drop(columns="seconds")
    shutil.rmtree(shard.folder / "finished")
    shard.run(second)
    alone = shard.table("history").drop(columns="seconds")
    kept = together[together["trial"] == second.id].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, alone)
    other = together[together["trial"] == first.id].reset_index(drop=True)
    assert not np.allclose(other["loss"], alone["loss"])


def test_results_do_not_depend_on_the_number_of_threads(shard: Shard) -> None:
    # The last one is trained by Keras in the second call.
    trials = [shard.study.trial(head={"dropout": 0.5}, seed=seed) for seed in range(4)]
    keras = shard.study.trial(head={"batch_norm": True})
    shard.run(*trials)
    one = {name: shard.table(name) for name in ("metrics", "history", "predictions")}
    for more in ([], [keras]):
        shutil.rmtree(shard.folder / "finished")
        assert set(shard.run(*trials, *more, threads=3)) == {t.id for t in (*trials, *more)}
        for name, expected in one.items():
            found = shard.table(name)
            found = found[found["trial"] != keras.id]
            measured = ["seconds", "peak_memory_mb"]
            pd.testing.assert_frame_equal(
                found.drop(columns=measured, errors="ignore"),
                expected.drop(columns=measured, errors="ignore"),
                check_dtype=False,
            )


def test_a_diverged_trial_is_a_row_and_the_next_one_is_trained(shard: Shard) -> None:
    wild = shard.study.trial(
        head={"l2": 1.0}, optimizer={"name": "SGD", "learning_rate": 100}, epochs=40
    )
    tame = shard.study.trial()
    shard.run(wild, tame)
    metrics = shard.table("metrics").set_index("trial")
    assert metrics.loc[wild.id, "status"] == "diverged"
    assert "became" in metrics.loc[wild.id, "reason"]
    assert np.isnan(metrics.loc[wild.id, "validation_accuracy"])
    assert metrics.loc[tame.id, "status"] == "completed"
    assert wild.id not in set(shard.table("predictions")["trial"])
    assert shard.run(wild, tame) == []


def test_progress_names_what_differs(shard: Shard) -> None:
    described = [shard.study.trial(epochs=n, head={"dropout": 0.5}) for n in (1, 2)]
    assert names(described) == ["epochs=1", "epochs=2"]
    assert names(described[:1]) == [described[0].id]


def test_earlier_rankings_are_those_of_each_comparison(tmp_path: Path) -> None:
    table = tmp_path / "metrics.csv"
    steps = ["[[0.5, 1.0], [0.7, 0.8]]", "[[0.4, 2.0]]", "[]"]
    pd.DataFrame({"trial": ["a", "b", "c"], "comparisons": steps}).to_csv(table, index=False)
    found = head_trials.earlier_rankings([table])
    assert found == {
        0: [Ranking("a", False, 0.5, 1.0), Ranking("b", False, 0.4, 2.0)],
        1: [Ranking("a", False, 0.7, 0.8)],
    }
