"""A search in rounds: what runs after which, and what a raised number of trials leaves alone."""

import json
import random
import shutil
from pathlib import Path

import pandas as pd
import pytest
from checkout import Checkout, check_out
from killing import experiments_of, kill_at

CHOSEN = "results/experiments/learning/chosen.yaml"
DATABASE = "results/experiments/learning/optuna.db"


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A finished search; to be left as it is."""
    checkout = check_out(tmp_path_factory.mktemp("rounds") / "searched", "rounds.yaml")
    checkout.snakemake(DATABASE)
    return checkout


def proposals(checkout: Checkout) -> list[str]:
    folders = checkout.folder.glob("results/experiments/learning/rounds/*/proposals.json")
    texts = [path.read_text(encoding="utf-8") for path in sorted(folders)]
    return [json.dumps(one) for text in texts for one in json.loads(text)["proposals"]]


def trials(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "results/experiments/learning/trials.csv")


def test_rounds_run_one_after_another(searched: Checkout) -> None:
    table = trials(searched.folder)
    assert table["round"].tolist() == [0, 0, 1]
    assert table["chosen"].sum() == 1
    # One of the first two goes on.
    assert table["epochs_run"].tolist()[:2].count(4) == 1
    assert set(table["status"]) == {"completed", "stopped"}
    assert len(proposals(searched)) == 3
    assert searched.dry_run(DATABASE).jobs == {}
    # The jobs of a round start when the one before has results.
    times = [
        (searched.folder / f"results/experiments/learning/{file}").stat().st_mtime
        for number in range(2)
        for file in (f"rounds/{number}/proposals.json", f"train_heads/{number}/metrics.csv")
    ]
    assert times == sorted(times)


def test_more_trials_keep_those_that_there_are(searched: Checkout, tmp_path: Path) -> None:
    copy = searched.copy_to(tmp_path / "copy")
    before, results = proposals(copy), trials(copy.folder)
    config = copy.read_config()
    config["experiments"]["learning"]["search"]["n_trials"] = 4
    copy.write_config(config)
    # The last round was not full; it is proposed anew, and one trial of it runs.
    assert copy.dry_run(CHOSEN).jobs["propose"] == 1
    said = copy.snakemake(CHOSEN)
    assert said.count("Proposing the trials of learning, round 1") == 1
    assert said.count("Training the heads of learning, part") == 1
    assert proposals(copy)[:3] == before
    more = trials(copy.folder)
    columns = ["trial", "round", "validation_accuracy", "validation_loss"]
    pd.testing.assert_frame_equal(more[:3][columns], results[columns])


def test_a_killed_search_goes_on_with_equal_numbers(searched: Checkout, tmp_path: Path) -> None:
    copy = searched.copy_to(tmp_path / "copy")
    shutil.rmtree(copy.folder / "results" / "experiments")
    # The first round is proposed and trained, and the second one proposed.
    assert kill_at(copy, "group", 3, 0, random.Random(0))
    proposed = proposals(copy)
    assert proposed == proposals(searched)[: len(proposed)]
    assert len(proposed) >= 2
    assert not (copy.folder / CHOSEN).exists()
    said = copy.snakemake(DATABASE)
    assert "Proposing the trials of learning, round 0" not in said
    assert proposals(copy) == proposals(searched)
    expected = experiments_of(searched)
    assert "experiments/learning/trials.csv" in expected
    assert experiments_of(copy) == expected
