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


class Shard:
    """Calls of the script in a folder of their own; counts the trials that were trained."""

    def __init__(self, study: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.study, self.folder = study, folder
        self.trained: list[str] = []
        original = script.train_head

        def counted(trial: dict[str, Any], *arguments: Any, **more: Any) -> dict[str, Any]:
            self.trained.append(trial["trial"])
            return original(trial, *arguments, **more)

        monkeypatch.setattr(script, "train_head", counted)

    def run(self, *trials: dict[str, Any], code: str = "code") -> list[str]:
        """Trials that were trained by this call."""
        self.trained = []
        out = [self.folder / f"{name}.csv" for name in ("metrics", "history", "predictions")]
        finished = self.folder / "finished"
        script.train_heads(list(trials), self.study.split, finished, code, *out)
        return self.trained

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / f"{name}.csv")


@pytest.fixture
def shard(study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shard:
    copy = replace(study, folder=tmp_path / "study")
    shutil.copytree(study.folder, copy.folder)
    return Shard(copy, tmp_path, monkeypatch)


def test_one_row_a_trial(shard: Shard) -> None:
    one, two = shard.study.described(), shard.study.described(head={"dense": [5]})
    assert shard.run(one, two) == [one["trial"], two["trial"]]
    metrics = shard.table("metrics")
    assert list(metrics["trial"]) == [one["trial"], two["trial"]]
    assert set(metrics["status"]) == {"completed"}
    backbone = json.loads(Path(one["validation"] + ".json").read_text())["parameters"]
    assert (metrics["parameters"] - metrics["trained_parameters"] == backbone).all()
    assert len(shard.table("history")) == 2 * 3
    predictions = shard.table("predictions")
    assert len(predictions) == 2 * 6
    of_one = predictions[predictions["trial"] == one["trial"]]
    right = (of_one["class"] == of_one["predicted"]).mean()
    assert right == pytest.approx(metrics["validation_accuracy"][0])


def test_an_added_trial_is_the_only_one_trained(shard: Shard) -> None:
    old = [shard.study.described(epochs=n) for n in (1, 2)]
    shard.run(*old)
    before = shard.table("metrics")
    new = shard.study.described(epochs=3)
    assert shard.run(old[0], new, old[1]) == [new["trial"]]
    after = shard.table("metrics")
    assert list(after["trial"]) == [old[0]["trial"], new["trial"], old[1]["trial"]]
    kept = after[after["trial"] != new["trial"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before)
    assert shard.run(new) == []


def test_what_a_result_depends_on_trains_again(shard: Shard) -> None:
    trial = shard.study.described()
    shard.run(trial)
    assert shard.run(trial, code="other code") == [trial["trial"]]
    assert shard.run(trial, code="other code") == []
    for path in (
        Path(trial["training"] + ".json"),
        Path(trial["validation"] + ".json"),
        shard.study.split,
    ):
        content = path.read_text()
        path.write_text(
            content.replace("of ", "from ") if path.suffix == ".json" else content + "\n"
        )
        assert shard.run(trial) == [trial["trial"]], path
        assert shard.run(trial) == []


def test_a_killed_job_goes_on(shard: Shard, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = [shard.study.described(epochs=n) for n in (1, 2, 3)]
    original = script.run_epochs

    def killed(learner: Any, plan: Any, *arguments: Any, **more: Any) -> Any:
        if plan.epochs == 2:
            raise KeyboardInterrupt
        return original(learner, plan, *arguments, **more)

    with monkeypatch.context() as context:
        context.setattr(script, "run_epochs", killed)
        with pytest.raises(KeyboardInterrupt):
            shard.run(*trials)
    assert shard.run(*trials) == [trials[1]["trial"], trials[2]["trial"]]


def test_a_new_default_trains_again(shard: Shard) -> None:
    """The id leaves out what is at its default, so that it stays when a default changes."""
    trial = shard.study.described()
    shard.run(trial)
    changed = {**trial, "settings": {**trial["settings"], "batch_size": 7}}
    assert shard.run(changed) == [trial["trial"]]
    assert shard.run(trial) == []


@pytest.mark.parametrize("content", ["", "{", "[1]"])
def test_a_damaged_result_is_trained_again(shard: Shard, content: str) -> None:
    trial = shard.study.described()
    shard.run(trial)
    (done,) = (shard.folder / "finished").iterdir()
    done.write_text(content)
    assert shard.run(trial) == [trial["trial"]]
    assert shard.table("metrics")["status"][0] == "completed"


def test_results_do_not_depend_on_their_company(shard: Shard) -> None:
    first, second = (shard.study.described(head={"dropout": 0.5}, seed=seed) for seed in (0, 1))
    shard.run(first, second)
    together = shard.table("history").drop(columns="seconds")
    shutil.rmtree(shard.folder / "finished")
    shard.run(second)
    alone = shard.table("history").drop(columns="seconds")
    kept = together[together["trial"] == second["trial"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, alone)
    other = together[together["trial"] == first["trial"]].reset_index(drop=True)
    assert not np.allclose(other["loss"], alone["loss"])


def test_a_diverged_trial_is_a_row_and_the_next_one_is_trained(shard: Shard) -> None:
    wild = shard.study.described(
        head={"l2": 1.0}, optimizer={"name": "SGD", "learning_rate": 100}, epochs=40
    )
    tame = shard.study.described()
    shard.run(wild, tame)
    metrics = shard.table("metrics").set_index("trial")
    assert metrics.loc[wild["trial"], "status"] == "diverged"
    assert "became" in metrics.loc[wild["trial"], "reason"]
    assert np.isnan(metrics.loc[wild["trial"], "validation_accuracy"])
    assert metrics.loc[tame["trial"], "status"] == "completed"
    assert wild["trial"] not in set(shard.table("predictions")["trial"])
    assert shard.run(wild, tame) == []


def test_progress_names_what_differs(shard: Shard) -> None:
    described = [shard.study.described(epochs=n, head={"dropout": 0.5}) for n in (1, 2)]
    assert names(described) == ["epochs=1", "epochs=2"]
    assert names(described[:1]) == [described[0]["trial"]]
